/** Step-major evaluation above the leaves: one operator, one ExecNode. */
@NullMarked
package io.weir.promql.exec;

import org.jspecify.annotations.NullMarked;
