/** The life of a dialled control link, pure: when it is dialled, when its stream counts, when it is given up. */
@NullMarked
package io.weir.workcoord.link;

import org.jspecify.annotations.NullMarked;
