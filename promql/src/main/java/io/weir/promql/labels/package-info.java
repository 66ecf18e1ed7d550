/** Label sets and label matchers. */
@NullMarked
package io.weir.promql.labels;

import org.jspecify.annotations.NullMarked;
