/** The walls between the modules, and the format of the sources. */
@NullMarked
package io.weir.architecture;

import org.jspecify.annotations.NullMarked;
