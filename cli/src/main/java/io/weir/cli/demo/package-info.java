/** The demonstration: real processes, real input from this machine, example queries. */
@NullMarked
package io.weir.cli.demo;

import org.jspecify.annotations.NullMarked;
