package io.maskroute.job.report;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.mask.Rle;
import java.io.IOException;
import java.util.List;

/** The same picture with the mask of each run and with the truth, prompt by prompt. A picture is in the page once. */
final class SideBySide {
    /** Smaller than in a report: there is one for each run beside it. */
    private static final int PICTURE_SIDE = 480;

    private final Html html;
    private final List<ComparedRun> runs;
    private String imageId;
    private Size full;
    private Size size;
    private String trouble;
    private int pictures;

    SideBySide(Html html, List<ComparedRun> runs) {
        this.html = html;
        this.runs = runs;
    }

    void write(ComparedAnswers answers) throws IOException {
        ReportWriter.section(html, "pictures", "Masks side by side");
        html.element(
                "p",
                answers.chosen().isEmpty()
                        ? "All " + Units.count(answers.prompts()) + " prompts."
                        : Units.count(answers.shown().size()) + " of " + Units.count(answers.prompts()) + " prompts: "
                                + answers.chosen() + ".",
                "class",
                "hint");
        for (ComparedAnswers.Prompt prompt : answers.shown()) {
            if (!prompt.imageId().equals(imageId)) {
                picture(prompt);
            }
            prompt(prompt);
        }
        html.close("section").line();
    }

    /** Begins a picture: its heading, and its pixels for the cells to use. */
    private void picture(ComparedAnswers.Prompt prompt) throws IOException {
        imageId = prompt.imageId();
        trouble = null;
        full = null;
        html.line().open("h3", "class", "of-picture").text("Picture ");
        html.element("bdi", Gallery.brief(imageId)).close("h3");
        try {
            RgbImage picture = prompt.picture().read();
            full = new Size(picture.width(), picture.height());
            size = full.within(PICTURE_SIDE);
            pictures++;
            html.open("svg", "class", "defs", "aria-hidden", "true", "width", "0", "height", "0");
            html.empty(
                    "image",
                    "id",
                    name(),
                    "href",
                    Picture.jpeg(picture, size),
                    "width",
                    "" + size.width(),
                    "height",
                    "" + size.height());
            html.close("svg");
        } catch (RowFailure e) {
            trouble = "The picture cannot be shown: " + e.getMessage();
        }
        if (trouble != null) {
            html.open("p", "class", "error")
                    .element("bdi", Gallery.brief(trouble))
                    .close("p");
        }
    }

    private String name() {
        return "picture-" + pictures;
    }

    private void prompt(ComparedAnswers.Prompt prompt) throws IOException {
        html.line().open("div", "class", "compared");
        html.open("p", "class", "prompt").element("bdi", Gallery.brief(prompt.text()));
        html.text(" ").element("code", Gallery.brief(prompt.promptId())).close("p");
        html.open("div", "class", "cells");
        for (int i = 0; i < runs.size(); i++) {
            ComparedAnswers.Answer answer = prompt.answers().get(i);
            String result = answer.failure() != null
                    ? "failed: " + Gallery.brief(answer.failure())
                    : answer.iou() == null ? "" : "IoU " + Units.percent(answer.iou());
            cell(runs.get(i).name(), result, answer.mask(), false, prompt.text());
        }
        cell("truth", prompt.truth() == null ? "none" : "", prompt.truth(), true, prompt.text());
        html.close("div").close("div").line();
    }

    private void cell(String name, String result, Rle mask, boolean truth, String text) throws IOException {
        html.open("figure");
        Size shown = size != null && full != null ? full : mask == null ? null : new Size(mask.width(), mask.height());
        boolean fits =
                mask == null || shown != null && mask.width() == shown.width() && mask.height() == shown.height();
        if (shown != null) {
            Size drawn = shown.within(PICTURE_SIDE);
            html.open(
                    "svg",
                    "viewBox",
                    "0 0 " + drawn.width() + " " + drawn.height(),
                    "role",
                    "img",
                    "aria-label",
                    name + (result.isEmpty() ? "" : ", " + result) + ": " + Gallery.brief(text));
            if (full != null) {
                html.empty("use", "href", "#" + name());
            }
            if (mask != null && fits) {
                html.empty(
                        "image",
                        "href",
                        truth ? Layers.truth(mask, drawn) : Layers.prediction(mask, drawn),
                        "width",
                        "" + drawn.width(),
                        "height",
                        "" + drawn.height());
            }
            html.close("svg");
        }
        html.open("figcaption").element("bdi", name);
        if (!result.isEmpty()) {
            html.text(" ").element("b", result);
        } else if (mask == null && !truth) {
            html.text(" ").element("b", "no mask");
        }
        if (!fits) {
            html.text(" ").element("b", "of another size than the picture");
        }
        html.close("figcaption").close("figure");
    }
}
