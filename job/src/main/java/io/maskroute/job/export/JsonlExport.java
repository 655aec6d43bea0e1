package io.maskroute.job.export;

import io.maskroute.datasets.mask.Rle;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A line per referring or region prompt that is ok, as {@code score referring} takes predictions. */
final class JsonlExport implements ExportFormat {
    @Override
    public String name() {
        return "jsonl";
    }

    @Override
    public String description() {
        return "predictions.jsonl: the answers to referring and region prompts, a line each, for score referring.";
    }

    @Override
    public Writer writer(String chosen, PictureReader pictures) {
        return new LineWriter();
    }

    private record LineWriter() implements Writer {
        private static final String FILE = "predictions.jsonl";

        @Override
        public List<JoinedFile> files(Catalogue classes) {
            return List.of(JoinedFile.lines(FILE, ""));
        }

        @Override
        public void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output)
                throws IOException {
            for (ExportedPrompt prompt : picture.prompts()) {
                if (!prompt.isOk()) {
                    continue;
                }
                if (!prompt.isQuestion()) {
                    output.count("prompts of other tasks, which are no lines");
                    continue;
                }
                Optional<Rle> answer = prompt.union();
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("id", prompt.id());
                line.put("mask", answer.map(CompactJson::rle).orElse(null));
                line.put("no_target", answer.isEmpty());
                line.put("prompt_id", prompt.id());
                line.put("image_id", picture.id());
                line.put("image_name", picture.name());
                line.put("texts", prompt.texts());
                line.put("score", prompt.score());
                output.text(FILE, CompactJson.of(line) + "\n");
            }
        }
    }
}
