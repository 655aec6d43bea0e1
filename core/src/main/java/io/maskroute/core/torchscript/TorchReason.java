package io.maskroute.core.torchscript;

import ai.djl.engine.EngineException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why PyTorch failed, in its own words. */
public final class TorchReason {
    private static final Pattern REASON = Pattern.compile("^[\\w.]*Error: .*$", Pattern.MULTILINE);

    private TorchReason() {}

    /**
     * One line of the message. The interpreter prints its traceback before the reason, and CUDA's errors go on with hints for
     * developers after it.
     */
    public static String of(EngineException failure) {
        String message = String.valueOf(failure.getMessage()).strip();
        Matcher reasons = REASON.matcher(message);
        String reason = message.substring(message.lastIndexOf('\n') + 1);
        while (reasons.find()) {
            reason = reasons.group();
        }
        return reason;
    }
}
