/** Everything in one process, over the same gRPC and HTTP paths as in production. */
@NullMarked
package io.weir.cli.standalone;

import org.jspecify.annotations.NullMarked;
