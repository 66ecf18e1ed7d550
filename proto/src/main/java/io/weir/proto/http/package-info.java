/** What every process' HTTP server does alike. */
@NullMarked
package io.weir.proto.http;

import org.jspecify.annotations.NullMarked;
