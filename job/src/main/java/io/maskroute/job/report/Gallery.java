package io.maskroute.job.report;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.mask.Rle;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The pictures of a report: one card for each prompt, masks in layers over the picture, and the controls that act on all. */
final class Gallery {
    private static final int TEXT_LIMIT = 600;

    private Gallery() {}

    /** @param prompts of the whole run */
    static void write(Html html, List<GalleryItem> items, long prompts) throws IOException {
        ReportWriter.section(html, "gallery", "Pictures");
        List<GalleryItem> shown = items.subList(0, Math.min(items.size(), ReportWriter.GALLERY_LIMIT));
        if (shown.isEmpty()) {
            html.element("p", "No pictures were kept for this run.", "class", "hint")
                    .close("section")
                    .line();
            return;
        }
        html.element(
                "p",
                shown.size() >= prompts
                        ? "All " + Units.count(shown.size()) + " prompts, by picture."
                        : Units.count(shown.size()) + " of " + Units.count(prompts)
                                + " prompts, by picture: up to a quarter"
                                + " each of the best, the worst and the failed ones, and others drawn at random (seeded).",
                "class",
                "hint");
        controls(html, shown);
        html.line().open("ol", "class", "cards", "id", "cards");
        for (GalleryItem item : shown) {
            card(html.line(), item);
        }
        html.close("ol")
                .element("p", "No picture matches these filters.", "class", "hint", "id", "nothing", "hidden", "");
        html.close("section").line();
    }

    /** The choice of layers works by style alone; what needs the script is shown by the script. */
    private static void controls(Html html, List<GalleryItem> items) throws IOException {
        html.open("div", "class", "controls");
        html.open("fieldset", "class", "views").element("legend", "Show");
        if (items.stream().anyMatch(item -> item.truth() != null)) {
            view(html, "both", "Prediction and truth", true);
            view(html, "prediction", "Prediction", false);
            view(html, "truth", "Truth", false);
            view(html, "difference", "Difference", false);
        } else {
            view(html, "prediction", "Prediction", true);
        }
        view(html, "none", "Picture alone", false);
        html.close("fieldset").line();

        html.open("div", "class", "filters", "id", "filters", "hidden", "");
        html.open("label").text("Search ");
        html.empty("input", "type", "search", "id", "search", "placeholder", "text or id")
                .close("label");
        select(html, "Task ", "task", items.stream().map(GalleryItem::task));
        select(
                html,
                "Failure ",
                "kind",
                items.stream().map(GalleryItem::error).filter(Objects::nonNull).map(GalleryItem.Error::kind));
        html.open("label").text("Status ").open("select", "id", "status");
        option(html, "", "all");
        option(html, "ok", "ok");
        option(html, "failed", "failed");
        html.close("select").close("label");
        if (items.stream().anyMatch(item -> item.iou() != null)) {
            html.open("span", "class", "range", "role", "group", "aria-label", "IoU in percent")
                    .text("IoU ");
            percent(html, "iou-min", "least IoU in percent", "0");
            html.text(" to ");
            percent(html, "iou-max", "greatest IoU in percent", "100");
            html.text(" %").close("span");
        }
        html.open("label").text("Sort by ").open("select", "id", "sort");
        option(html, "", "picture");
        option(html, "iou-up", "lowest IoU first");
        option(html, "iou-down", "highest IoU first");
        option(html, "latency-down", "slowest first");
        option(html, "latency-up", "fastest first");
        html.close("select").close("label");
        html.open("label").text("Opacity ");
        html.empty("input", "type", "range", "id", "opacity", "min", "10", "max", "100", "value", "100")
                .close("label");
        html.element("output", "", "id", "shown").close("div").line();

        html.open("ul", "class", "legend", "aria-label", "Legend");
        key(html, "prediction", "prediction");
        key(html, "truth", "truth");
        key(html, "agreed", "in both");
        key(html, "extra", "predicted only");
        key(html, "missed", "missed");
        html.close("ul").close("div");
    }

    /** Where there is a choice. */
    private static void select(Html html, String label, String id, Stream<String> values) throws IOException {
        List<String> choices = values.distinct().sorted().toList();
        if (choices.isEmpty() || choices.size() == 1 && id.equals("task")) {
            return;
        }
        html.open("label").text(label).open("select", "id", id);
        option(html, "", "all");
        for (String choice : choices) {
            option(html, choice, choice);
        }
        html.close("select").close("label");
    }

    private static void view(Html html, String value, String label, boolean checked) throws IOException {
        html.open("label");
        html.empty(
                "input",
                "type",
                "radio",
                "name",
                "view",
                "id",
                "view-" + value,
                "value",
                value,
                "checked",
                checked ? "" : null);
        html.element("span", label).close("label");
    }

    private static void option(Html html, String value, String label) throws IOException {
        html.element("option", label, "value", value);
    }

    private static void percent(Html html, String id, String label, String value) throws IOException {
        html.empty(
                "input",
                "type",
                "number",
                "id",
                id,
                "aria-label",
                label,
                "min",
                "0",
                "max",
                "100",
                "step",
                "1",
                "value",
                value);
    }

    private static void key(Html html, String style, String label) throws IOException {
        html.open("li", "class", "key " + style).element("span", "", "class", "swatch", "aria-hidden", "true");
        html.text(label).close("li");
    }

    private static void card(Html html, GalleryItem item) throws IOException {
        boolean ok = item.error() == null;
        html.open(
                "li",
                "class",
                ok ? "card" : "card failed",
                "data-status",
                ok ? "ok" : "failed",
                "data-task",
                item.task(),
                "data-kind",
                ok ? null : item.error().kind(),
                "data-iou",
                number(item.iou()),
                "data-latency",
                number(item.latencyMs()));
        html.open("figure");
        String trouble = stack(html, item);
        if (item.iou() != null) {
            Charts.meter(html, item.iou());
        }
        html.open("figcaption").open("p", "class", "prompt").element("bdi", brief(item.text()));
        html.close("p").open("p", "class", "scores");
        if (!ok) {
            html.element("strong", "failed");
        } else if (item.prediction() == null) {
            html.element("span", "no mask");
        }
        score(html, "IoU", item.iou() == null ? null : Units.percent(item.iou()));
        score(html, "score", item.score() == null ? null : Units.score(item.score()));
        score(html, "", item.latencyMs() == null ? null : Units.millis(item.latencyMs()));
        html.close("p");
        if (!ok) {
            html.open("p", "class", "error").text(item.error().stage() + ", ");
            html.element("code", item.error().kind()).text(": ");
            html.element("bdi", brief(item.error().message())).close("p");
        }
        if (trouble != null) {
            html.open("p", "class", "error").element("bdi", brief(trouble)).close("p");
        }
        html.open("p", "class", "ids").text("image ").element("code", brief(item.imageId()));
        html.text(" prompt ").element("code", brief(item.promptId())).close("p");
        html.close("figcaption").close("figure").close("li");
    }

    private static void score(Html html, String label, String value) throws IOException {
        if (value != null) {
            html.open("span").text(label.isEmpty() ? "" : label + " ");
            html.element("b", value).close("span");
        }
    }

    /** The picture and its layers. Returns what could not be shown, or null. */
    private static String stack(Html html, GalleryItem item) throws IOException {
        RgbImage picture = null;
        String trouble = null;
        try {
            picture = item.picture().read();
        } catch (RowFailure e) {
            trouble = "The picture cannot be shown: " + e.getMessage();
        }
        Rle any = item.prediction() != null ? item.prediction() : item.truth();
        if (picture == null && any == null) {
            html.open("div", "class", "stack empty")
                    .element("span", "no picture")
                    .close("div");
            return item.error() == null ? trouble : null;
        }
        Size full = picture != null ? new Size(picture.width(), picture.height()) : new Size(any.width(), any.height());
        Size size = full.within(ReportWriter.PICTURE_SIDE);
        String width = Integer.toString(size.width());
        String height = Integer.toString(size.height());
        html.open("div", "class", "stack");
        if (picture != null) {
            html.empty(
                    "img",
                    "class",
                    "picture",
                    "src",
                    Picture.jpeg(picture, size),
                    "width",
                    width,
                    "height",
                    height,
                    "alt",
                    "Picture " + brief(item.imageId()) + " for: " + brief(item.text()));
        }
        for (Rle mask : new Rle[] {item.prediction(), item.truth()}) {
            if (mask != null && (mask.width() != full.width() || mask.height() != full.height())) {
                html.close("div");
                return "The masks are not shown: one is " + mask.width() + "x" + mask.height() + ", the picture "
                        + full.width() + "x" + full.height() + ".";
            }
        }
        if (item.prediction() != null) {
            layer(html, "prediction", Layers.prediction(item.prediction(), size), width, height);
        }
        if (item.truth() != null) {
            layer(html, "truth", Layers.truth(item.truth(), size), width, height);
        }
        if (item.prediction() != null && item.truth() != null) {
            layer(html, "difference", Layers.difference(item.prediction(), item.truth(), size), width, height);
        }
        html.close("div");
        return trouble;
    }

    private static void layer(Html html, String kind, String source, String width, String height) throws IOException {
        html.empty("img", "class", "layer " + kind, "src", source, "width", width, "height", height, "alt", "");
    }

    private static String number(Double value) {
        return value == null || !Double.isFinite(value) ? null : value.toString();
    }

    /** Keeps a text that is far too long from filling the page. */
    static String brief(String text) {
        return text.length() <= TEXT_LIMIT ? text : text.substring(0, TEXT_LIMIT) + "…";
    }
}
