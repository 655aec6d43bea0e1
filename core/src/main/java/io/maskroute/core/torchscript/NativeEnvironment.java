package io.maskroute.core.torchscript;

import com.sun.jna.Function;

/**
 * The environment of this process as native libraries see it. Java reads its own copy and cannot change either; libraries that
 * are configured by variables alone read them when they are loaded or first used.
 */
final class NativeEnvironment {
    private static final String C_LIBRARY = "c";

    private NativeEnvironment() {}

    /** What the user set stays. */
    static void setUnlessSet(String variable, String value) {
        int overwrite = 0;
        Function.getFunction(C_LIBRARY, "setenv").invokeInt(new Object[] {variable, value, overwrite});
    }

    /** Null when it is not set. */
    static String get(String variable) {
        return Function.getFunction(C_LIBRARY, "getenv").invokeString(new Object[] {variable}, false);
    }
}
