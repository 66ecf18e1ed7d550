/**
 * Deterministic simulation of APIs and workers: one seed is one world, with the real state machines, virtual time and faults.
 *
 * <p>{@link io.weir.workcoord.sim.SimWorld} runs {@link io.weir.workcoord.sim.SimApi} and {@link
 * io.weir.workcoord.sim.SimWorker} over {@link io.weir.workcoord.sim.SimSession streams} that fail. After every step {@link
 * io.weir.workcoord.sim.ApiChecks} and {@link io.weir.workcoord.sim.WorkerChecks} compare the core with a second, plain account
 * of what it was told. {@link io.weir.workcoord.sim.SeededFaults} are the mistakes that this has to find.
 *
 * <table>
 * <caption>What is checked ({@link io.weir.workcoord.sim.Invariant}), where</caption>
 * <tr><th>name</th><th>where</th></tr>
 * <tr><td>I1 one commit per piece of work</td><td>ApiEvents.fetched</td></tr>
 * <tr><td>I2 terminal is terminal</td><td>ApiChecks.endQueries, state; WorkerChecks.finished, compare; SimWorld.over</td></tr>
 * <tr><td>I3 effects to live sessions only</td><td>ApiChecks.check, WorkerChecks.check</td></tr>
 * <tr><td>I4 live owners, or the queue</td><td>ApiChecks.counts, state, assign; ApiEvents.open</td></tr>
 * <tr><td>I5 commits of the current attempt's artifact</td><td>ApiEvents.ready, fetched; SimApi.commit; SimWorker.ready</td></tr>
 * <tr><td>I6 rotation, credits, drain</td><td>ApiChecks.assign, counts; WorkerChecks.assigned, announced, drain</td></tr>
 * <tr><td>I7 not again where it was tried</td><td>ApiChecks.assign</td></tr>
 * <tr><td>I8 placement is stable and best ranked</td><td>ApiChecks.best, placement</td></tr>
 * <tr><td>I9 what is over is over</td><td>ApiChecks.obligations, counts, assign; ApiEvents.fetched</td></tr>
 * <tr><td>I10 nothing runs for nobody</td><td>WorkerChecks.obligations, started, compare; SimWorker.checkProcess</td></tr>
 * <tr><td>I11 artifacts are deleted for a reason</td><td>WorkerChecks.obligations, check; SimWorker.checkProcess</td></tr>
 * <tr><td>I12 limits, and only limits, fail queries</td><td>ApiChecks.reason, endQueries; ApiEvents.submit; WorkerChecks.compare</td></tr>
 * <tr><td>I13 same events, same effects</td><td>SimApi.replay, SimWorker.replay; Simulate.world</td></tr>
 * <tr><td>I14 views change nothing</td><td>ApiChecks.sweep; the replay, in which nobody reads them</td></tr>
 * <tr><td>L1 everything ends</td><td>SimWorld.end; WorkerChecks.tells</td></tr>
 * <tr><td>L2 no storm</td><td>ApiChecks.obligations, WorkerChecks.obligations, SimWorld.stepped</td></tr>
 * <tr><td>L3 drains end</td><td>WorkerChecks.timers, compare, check; SimWorker.execute</td></tr>
 * <tr><td>L4 silence and deadlines in time</td><td>ApiChecks.liveness, timers; ApiEvents.endSilent; WorkerChecks likewise</td></tr>
 * <tr><td>L5 work is placed at once</td><td>ApiChecks.liveness, timers; WorkerChecks.compare</td></tr>
 * <tr><td>F1 fair turns</td><td>ApiChecks.fair, WorkerChecks.started</td></tr>
 * <tr><td>H1 second attempts</td><td>ApiChecks.hedge, stragglers, state</td></tr>
 * </table>
 *
 * <p>The order in which a full disk evicts (I11) is the spool's, not the core's: it is tested where the spool is.
 */
@NullMarked
package io.weir.workcoord.sim;

import org.jspecify.annotations.NullMarked;
