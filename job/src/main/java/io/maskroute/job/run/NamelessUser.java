package io.maskroute.job.run;

import com.sun.security.auth.module.UnixSystem;
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
            UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser(
                    named == null || named.isBlank() ? Long.toString(new UnixSystem().getUid()) : named));
        }
    }
}
