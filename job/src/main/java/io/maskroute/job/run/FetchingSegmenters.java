package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.fetch.ModelFiles;
import java.util.function.Function;

/** Brings a model's files to this machine before another factory, which knows files only, opens them. */
record FetchingSegmenters(SegmenterFactory factory, ModelFiles files) implements SegmenterFactory {
    @Override
    public ModelSummary inspect(ModelOptions options) {
        return with(options, factory::inspect);
    }

    @Override
    public Segmenter open(ModelOptions options) {
        return with(options, factory::open);
    }

    private <T> T with(ModelOptions options, Function<ModelOptions, T> work) {
        ModelOptions local = files.local(options);
        try {
            return work.apply(local);
        } catch (UnusableInputException e) {
            if (!ModelFiles.isRemote(options)) {
                throw e;
            }
            throw new UnusableInputException(e.getMessage() + " (fetched from " + options.path() + ")", e);
        }
    }
}
