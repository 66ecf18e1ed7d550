package io.weir.workcoord.sim;

import java.util.List;

/** Somebody who looks on as a world runs. */
interface Observer {
    void stepped(SimWorld world, SimNode node, Object event, List<?> effects);
}
