package io.maskroute.job.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * A user id without a name, as in containers that are started with a bare number. Hadoop's login asks the system for the name and
 * fails; and Java takes a folder {@code ?} for the user's home, in which libraries would keep what they unpack.
 */
public final class NamelessUser {
    /** What Java calls what the system does not know. */
    private static final String UNKNOWN = "?";

    private NamelessUser() {}

    /**
     * To be called before anything of Hadoop's is used: gives such a user the name that the environment has for it, or its number,
     * and a home.
     */
    public static void settle() {
        if (UNKNOWN.equals(System.getProperty("user.home"))) {
            String home = System.getenv("HOME");
            System.setProperty(
                    "user.home",
                    home != null && Files.isWritable(Path.of(home)) ? home : System.getProperty("java.io.tmpdir"));
        }
        if (UNKNOWN.equals(System.getProperty("user.name"))) {
            String named = System.getenv("HADOOP_USER_NAME");
            UserGroupInformation.setLoginUser(
                    UserGroupInformation.createRemoteUser(named == null || named.isBlank() ? number() : named));
        }
    }

    /** Of the process itself: Java's {@code UnixSystem} says 0 of a user that has no name, and files are their owner's alone. */
    private static String number() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString();
        } catch (IOException | UnsupportedOperationException e) {
            return UNKNOWN;
        }
    }
}
