/** Turns the settings records of the modules into command-line options and back. */
@NullMarked
package io.weir.cli.settings;

import org.jspecify.annotations.NullMarked;
