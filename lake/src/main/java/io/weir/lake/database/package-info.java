/** How every part of Weir uses PostgreSQL: pools, migrations, transactions, notifications, and the one error for a database that is away. */
@NullMarked
package io.weir.lake.database;

import org.jspecify.annotations.NullMarked;
