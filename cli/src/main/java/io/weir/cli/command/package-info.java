/** The commands and their options; every option has its WEIR_... environment variable. */
@NullMarked
package io.weir.cli.command;

import org.jspecify.annotations.NullMarked;
