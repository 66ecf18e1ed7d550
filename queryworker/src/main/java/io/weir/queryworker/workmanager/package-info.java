/** Accepts, queues, runs and cancels work: the shell around the worker's coordination core. */
@NullMarked
package io.weir.queryworker.workmanager;

import org.jspecify.annotations.NullMarked;
