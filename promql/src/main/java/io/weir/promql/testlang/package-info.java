/** The language of PromQL tests (load, eval, expect) and the runner that checks an engine with it. */
@NullMarked
package io.weir.promql.testlang;

import org.jspecify.annotations.NullMarked;
