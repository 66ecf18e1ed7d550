/** What is in {@code deploy/}, held against what the processes really have: settings, ports, probes, metrics. */
@NullMarked
package io.weir.deploy;

import org.jspecify.annotations.NullMarked;
