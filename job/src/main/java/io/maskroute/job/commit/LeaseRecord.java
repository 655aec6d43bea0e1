package io.maskroute.job.commit;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * {@code _run/lease/NNNNNN.json}: who holds, or held, the output.
 *
 * @param epoch its number, from 1
 * @param applicationId of Spark, null before Spark has one
 * @param pid of the driver on its host
 * @param processes what process ids of that host mean, such as a container's namespace; null where that is not known
 * @param processStarted in milliseconds since 1970, so that a pid that is used again is not taken for the driver; null where that
 *     is not known
 * @param started ISO 8601, UTC
 * @param counter goes up as long as the holder lives
 * @param released whether the holder has ended in order
 * @param token tells holders apart that are alike in everything else
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
record LeaseRecord(
        int epoch,
        String runId,
        String applicationId,
        String host,
        String user,
        long pid,
        String processes,
        Long processStarted,
        String started,
        long counter,
        boolean released,
        String token) {

    LeaseRecord as(String run, String application, long count, boolean done) {
        return new LeaseRecord(
                epoch, run, application, host, user, pid, processes, processStarted, started, count, done, token);
    }

    /** For people. */
    String holder() {
        return "process " + pid + " of " + user + " on " + host
                + (applicationId == null ? "" : " (application " + applicationId + ")") + ", begun " + started;
    }
}
