/** Objects in a local folder or in S3. */
@NullMarked
package io.weir.lake.store;

import org.jspecify.annotations.NullMarked;
