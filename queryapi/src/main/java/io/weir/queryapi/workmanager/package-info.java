/** Runs work units on workers: the shell around the coordination core. */
@NullMarked
package io.weir.queryapi.workmanager;

import org.jspecify.annotations.NullMarked;
