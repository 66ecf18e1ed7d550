@NullMarked
package io.weir.cli.jobs;

import org.jspecify.annotations.NullMarked;
