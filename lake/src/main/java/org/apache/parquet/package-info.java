/** The door to a package-private constructor of parquet-java; nothing else of ours belongs here. */
@NullMarked
package org.apache.parquet;

import org.jspecify.annotations.NullMarked;
