package io.maskroute.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.mask.Rle;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The report in a real browser. */
class ReportInBrowserTest {
    private static final int GRAY = 120;
    private static final String HOSTILE =
            "<script>console.error('ran')</script>\"><img src=\"http://127.0.0.1:9/x.png\" onerror=\"console.error('ran')\">"
                    + "</script>\u202e עברית 😀 '";

    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder;

    private static Chromium browser;

    @BeforeAll
    static void start() throws Exception {
        browser = Chromium.start(Files.createDirectory(folder.resolve("profile")));
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
    }

    @AfterEach
    void nothingIsComplainedAboutOrFetched() {
        assertThat(browser.complaints()).isEmpty();
        assertThat(browser.requests()).allMatch(url -> url.startsWith("file:") || url.equals("data:"));
        assertThat(browser.requests().stream().filter(url -> url.startsWith("file:")))
                .hasSize(1);
    }

    /** Masks at known places over flat pictures: upright, lying, small, and scaled down from a large one. */
    @Test
    void drawsMasksWhereTheyBelong() throws Exception {
        int[][] sizes = {{300, 400}, {500, 240}, {120, 360}, {2000, 3000}, {48, 64}};
        List<GalleryItem> items = new ArrayList<>();
        for (int[] size : sizes) {
            int height = size[0];
            int width = size[1];
            items.add(Reports.item(
                    "a",
                    Reports.flat(height, width, GRAY),
                    part(height, width, 0.10, 0.15, 0.45, 0.60),
                    part(height, width, 0.60, 0.40, 0.90, 0.85),
                    0.0));
        }
        open(Reports.of(items), 1280, 900);
        view("both");
        BufferedImage both = browser.screenshot();
        view("prediction");
        BufferedImage prediction = browser.screenshot();
        view("truth");
        BufferedImage truth = browser.screenshot();
        view("none");
        BufferedImage none = browser.screenshot();
        JsonNode cards = pictures();
        assertThat(cards).hasSize(sizes.length);
        for (int i = 0; i < sizes.length; i++) {
            Shown shown = Shown.of(cards.get(i));
            for (BufferedImage picture : List.of(both, prediction)) {
                assertRectangle(picture, shown, 0.10, 0.15, 0.45, 0.60, ReportInBrowserTest::isBlue);
            }
            for (BufferedImage picture : List.of(both, truth)) {
                assertRectangle(picture, shown, 0.60, 0.40, 0.90, 0.85, ReportInBrowserTest::isOrange);
            }
            assertThat(isFlat(shown.at(prediction, 0.75, 0.6))).isTrue();
            assertThat(isFlat(shown.at(truth, 0.3, 0.4))).isTrue();
            assertThat(isFlat(shown.at(none, 0.75, 0.6))).isTrue();
            assertThat(isFlat(shown.at(none, 0.3, 0.4))).isTrue();
        }
    }

    @Test
    void drawsTheDifference() throws Exception {
        GalleryItem item = Reports.item(
                "a",
                Reports.flat(300, 400, GRAY),
                part(300, 400, 0.2, 0.1, 0.8, 0.6),
                part(300, 400, 0.2, 0.4, 0.8, 0.9),
                0.25);
        open(Reports.of(List.of(item)), 1280, 900);
        view("difference");
        BufferedImage page = browser.screenshot();
        Shown shown = Shown.of(pictures().get(0));
        Color onlyPredicted = shown.at(page, 0.5, 0.25);
        assertThat(onlyPredicted.getRed() - onlyPredicted.getBlue()).isGreaterThan(100);
        Color agreed = shown.at(page, 0.5, 0.5);
        assertThat(agreed.getGreen() - agreed.getRed()).isGreaterThan(50);
        boolean yellow = false;
        boolean dark = false;
        for (double across = 0.65; across < 0.85; across += 0.002) {
            Color missed = shown.at(page, 0.5, across);
            yellow |= missed.getRed() > 200 && missed.getGreen() > 180 && missed.getBlue() < 120;
            dark |= missed.getRed() < 80 && missed.getGreen() < 80 && missed.getBlue() < 80;
        }
        assertThat(yellow && dark).as("stripes").isTrue();
        assertThat(isFlat(shown.at(page, 0.1, 0.5))).isTrue();
        assertThat(isFlat(shown.at(page, 0.5, 0.95))).isTrue();
    }

    @Test
    void findsByTextAndByFailureAndFadesTheMasks() throws Exception {
        open(four(), 1280, 900);
        choose("search", "HAL");
        assertThat(visible()).isEqualTo("half");
        choose("search", "");
        String kind = browser.evaluate("document.getElementById('kind').options[1].value")
                .asText();
        choose("kind", kind);
        assertThat(visible()).isEqualTo("failed");
        choose("kind", "");
        choose("opacity", "30");
        assertThat(browser.evaluate("getComputedStyle(document.querySelector('.layer')).opacity")
                        .asText())
                .isEqualTo("0.3");
    }

    /** At the width of a phone, too, and the truth in its own cell. */
    @Test
    void comparesMasksSideBySide() throws Exception {
        Rle left = part(300, 400, 0.2, 0.1, 0.8, 0.4);
        Rle right = part(300, 400, 0.2, 0.6, 0.8, 0.9);
        ComparedAnswers answers = new ComparedAnswers(
                1,
                List.of(new ComparedAnswers.Change("routed", "dense", 0, 1, 0)),
                List.of(new ComparedAnswers.Prompt(
                        "7",
                        "7-1",
                        HOSTILE,
                        () -> Reports.flat(300, 400, GRAY),
                        right,
                        List.of(
                                new ComparedAnswers.Answer(left, 0.0, null),
                                new ComparedAnswers.Answer(right, 1.0, null)))),
                "");
        List<ComparedRun> runs = List.of(
                new ComparedRun("dense", 1, 0, 0, 0, 1, 1, 20), new ComparedRun("routed", 1, 1, 1, 1, 0.5, 0.3, 10));
        Path file = folder.resolve("comparison.html");
        try (OutputStream out = Files.newOutputStream(file)) {
            ComparisonPage.write("data", runs, List.of(), answers, out);
        }
        for (int width : new int[] {390, 800, 1280}) {
            browser.open(file, width, 900);
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .as("no wider than the screen")
                    .isLessThanOrEqualTo(width);
            assertThat(browser.evaluate(
                                    "[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")
                            .asBoolean())
                    .as("the table is whole at " + width)
                    .isTrue();
            BufferedImage page = browser.screenshot();
            JsonNode cells = browser.evaluate("[...document.querySelectorAll('.cells svg')].map(e => {"
                    + "const r = e.getBoundingClientRect();"
                    + "return {left: r.left + scrollX, top: r.top + scrollY, width: r.width, height: r.height}})");
            assertThat(cells).hasSize(3);
            boolean[] isLeft = {true, false, false};
            for (int i = 0; i < 3; i++) {
                JsonNode cell = cells.get(i);
                Color atLeft = pixel(page, cell, 0.25);
                Color atRight = pixel(page, cell, 0.75);
                assertThat(isFlat(atLeft)).as("cell " + i + " at " + width).isEqualTo(!isLeft[i]);
                assertThat(isFlat(atRight)).as("cell " + i + " at " + width).isEqualTo(isLeft[i]);
            }
            assertThat(pixel(page, cells.get(1), 0.75)).matches(ReportInBrowserTest::isBlue);
            assertThat(pixel(page, cells.get(2), 0.75)).matches(ReportInBrowserTest::isOrange);
        }
    }

    private static Color pixel(BufferedImage page, JsonNode cell, double across) {
        return new Color(page.getRGB(
                (int) (cell.get("left").asDouble() + across * cell.get("width").asDouble()),
                (int) (cell.get("top").asDouble() + 0.5 * cell.get("height").asDouble())));
    }

    @Test
    void filtersAndSorts() throws Exception {
        open(four(), 1280, 900);
        assertThat(visible()).isEqualTo("half,full,failed,none");
        choose("sort", "iou-up");
        assertThat(visible()).isEqualTo("none,half,full,failed");
        choose("sort", "iou-down");
        assertThat(visible()).isEqualTo("full,half,none,failed");
        choose("sort", "latency-down");
        assertThat(visible()).isEqualTo("none,half,full,failed");
        choose("iou-min", "50");
        assertThat(visible()).isEqualTo("half,full");
        choose("iou-max", "50");
        assertThat(visible()).isEqualTo("half");
        assertThat(browser.evaluate("document.getElementById('shown').value").asText())
                .isEqualTo("1 of 4");
        choose("status", "failed");
        assertThat(visible()).isEmpty();
        assertThat(browser.evaluate("document.getElementById('nothing').checkVisibility()")
                        .asBoolean())
                .isTrue();
        choose("iou-min", "0");
        choose("iou-max", "100");
        assertThat(visible()).isEqualTo("failed");
        choose("status", "");
        choose("sort", "");
        assertThat(visible()).isEqualTo("half,full,failed,none");
    }

    @Test
    void enlargesFromTheKeyboard() throws Exception {
        open(four(), 1280, 900);
        browser.evaluate("document.querySelector('.enlarge').focus()");
        key("Enter", "\r", 13);
        assertThat(browser.evaluate("document.querySelector('dialog').open").asBoolean())
                .isTrue();
        assertThat(enlarged()).isEqualTo("half");
        key("ArrowRight", null, 39);
        assertThat(enlarged()).isEqualTo("full");
        key("ArrowLeft", null, 37);
        key("ArrowLeft", null, 37);
        assertThat(enlarged()).isEqualTo("none");
        browser.evaluate("document.querySelector('.steps button:nth-child(3)').click()");
        assertThat(browser.evaluate("document.getElementById('view-prediction').checked")
                        .asBoolean())
                .isTrue();
        key("Escape", null, 27);
        assertThat(browser.evaluate("document.querySelector('dialog').open").asBoolean())
                .isFalse();
    }

    @Test
    void showsHostileTextAsText() throws Exception {
        ReportData report = Reports.of(
                HOSTILE,
                List.of(new ReportData.FailureGroup(HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE)),
                List.of(Reports.item(HOSTILE, Reports.flat(30, 40, GRAY), null, null, null)));
        open(report, 1280, 900);
        assertThat(browser.evaluate("document.querySelector('.prompt').textContent")
                        .asText())
                .isEqualTo(HOSTILE);
        assertThat(browser.evaluate("document.querySelector('h1').textContent").asText())
                .isEqualTo(HOSTILE);
        assertThat(browser.evaluate("document.scripts.length").asInt()).isEqualTo(1);
        assertThat(browser.evaluate("document.images.length").asInt()).isEqualTo(1);
    }

    @Test
    void refusesTheNetworkEvenToItsOwnScript() throws Exception {
        open(four(), 1280, 900);
        String outcome = browser.evaluate("fetch('http://127.0.0.1:9/').then(() => 'fetched', error => error.name)")
                .asText();
        assertThat(outcome).isEqualTo("TypeError");
        assertThat(browser.complaints()).anyMatch(complaint -> complaint.contains("Content Security Policy"));
        browser.open(folder.resolve("report.html"), 1280, 900);
    }

    @Test
    void readsWithoutScript() throws Exception {
        browser.send("Emulation.setScriptExecutionDisabled", Map.of("value", true));
        try {
            open(four(), 1280, 900);
            assertThat(browser.evaluate("document.querySelector('.tiles').checkVisibility()")
                            .asBoolean())
                    .isTrue();
            assertThat(browser.evaluate("document.getElementById('filters').checkVisibility()")
                            .asBoolean())
                    .isFalse();
            assertThat(visible()).isEqualTo("half,full,failed,none");
            view("none");
            assertThat(browser.evaluate("document.querySelector('.layer').checkVisibility()")
                            .asBoolean())
                    .isFalse();
        } finally {
            browser.send("Emulation.setScriptExecutionDisabled", Map.of("value", false));
        }
    }

    @Test
    void fitsANarrowScreenAndFollowsTheColourScheme() throws Exception {
        open(four(), 400, 800);
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isEqualTo(400);
        String background = "getComputedStyle(document.body).backgroundColor";
        String light = browser.evaluate(background).asText();
        browser.send(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
        try {
            assertThat(light).isEqualTo("rgb(246, 247, 248)");
            assertThat(browser.evaluate(background).asText()).isEqualTo("rgb(18, 22, 27)");
        } finally {
            browser.send("Emulation.setEmulatedMedia", Map.of("features", List.of()));
        }
    }

    /** Prompts "half", "full", "failed" and "none", in this order. */
    private static ReportData four() {
        RgbImage picture = Reports.flat(30, 40, GRAY);
        Rle mask = part(30, 40, 0.2, 0.2, 0.8, 0.8);
        return Reports.of(List.of(
                new GalleryItem("1", "1", "referring", "half", () -> picture, mask, mask, 0.5, 0.9, 200.0, null),
                new GalleryItem("2", "2", "referring", "full", () -> picture, mask, mask, 1.0, 0.8, 100.0, null),
                new GalleryItem(
                        "3",
                        "3",
                        "referring",
                        "failed",
                        () -> picture,
                        null,
                        mask,
                        null,
                        null,
                        null,
                        new GalleryItem.Error("prompt", "too-long", "The prompt is too long.")),
                new GalleryItem("4", "4", "referring", "none", () -> picture, mask, mask, 0.0, 0.1, 300.0, null)));
    }

    private static void open(ReportData report, int width, int height) throws Exception {
        Path file = folder.resolve("report.html");
        try (OutputStream out = Files.newOutputStream(file)) {
            ReportWriter.write(report, out);
        }
        browser.open(file, width, height);
    }

    private static void view(String name) throws Exception {
        browser.evaluate("document.getElementById('view-" + name + "').click()");
    }

    private static void choose(String id, String value) throws Exception {
        browser.evaluate("{ const control = document.getElementById('" + id + "'); control.value = '" + value
                + "'; control.dispatchEvent(new Event('input', {bubbles: true})); }");
    }

    private static void key(String key, String text, int code) throws Exception {
        Map<String, Object> press =
                new HashMap<>(Map.of("type", "keyDown", "key", key, "code", key, "windowsVirtualKeyCode", code));
        if (text != null) {
            press.put("text", text);
        }
        browser.send("Input.dispatchKeyEvent", press);
        browser.send("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key, "windowsVirtualKeyCode", code));
    }

    private static String visible() throws Exception {
        return browser.evaluate("[...document.querySelectorAll('.card')].filter(card => card.checkVisibility())"
                        + ".map(card => card.querySelector('.prompt').textContent).join()")
                .asText();
    }

    private static String enlarged() throws Exception {
        return browser.evaluate("document.querySelector('dialog .prompt').textContent")
                .asText();
    }

    private static JsonNode pictures() throws Exception {
        return browser.evaluate("[...document.querySelectorAll('.card .picture')].map(image => {"
                + " const box = image.getBoundingClientRect();"
                + " return {x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height,"
                + " pictureWidth: image.naturalWidth, pictureHeight: image.naturalHeight}; })");
    }

    /** Where a picture is on the page: as large as fits into its box, in the middle. */
    private record Shown(double left, double top, double width, double height) {
        static Shown of(JsonNode box) {
            double pictureWidth = box.get("pictureWidth").asDouble();
            double pictureHeight = box.get("pictureHeight").asDouble();
            double scale = Math.min(
                    box.get("width").asDouble() / pictureWidth,
                    box.get("height").asDouble() / pictureHeight);
            double width = pictureWidth * scale;
            double height = pictureHeight * scale;
            return new Shown(
                    box.get("x").asDouble() + (box.get("width").asDouble() - width) / 2,
                    box.get("y").asDouble() + (box.get("height").asDouble() - height) / 2,
                    width,
                    height);
        }

        /** The pixel at fractions of the picture's height and width. */
        Color at(BufferedImage page, double down, double across) {
            return at(page, down, across, 0, 0);
        }

        Color at(BufferedImage page, double down, double across, int moveDown, int moveAcross) {
            int x = (int) Math.floor(left + across * width) + moveAcross;
            int y = (int) Math.floor(top + down * height) + moveDown;
            return new Color(page.getRGB(x, y));
        }
    }

    private static Rle part(int height, int width, double top, double left, double bottom, double right) {
        return Reports.rectangle(
                height,
                width,
                (int) Math.round(top * height),
                (int) Math.round(left * width),
                (int) Math.round(bottom * height),
                (int) Math.round(right * width));
    }

    /** Looks at the middle, and 5 pixels to either side of the middle of each edge, and outside each corner. */
    private static void assertRectangle(
            BufferedImage page,
            Shown shown,
            double top,
            double left,
            double bottom,
            double right,
            Predicate<Color> inside) {
        double middleDown = (top + bottom) / 2;
        double middleAcross = (left + right) / 2;
        assertThat(shown.at(page, middleDown, middleAcross)).matches(inside, "inside");
        Object[][] edges = {
            {top, middleAcross, 1, 0},
            {bottom, middleAcross, -1, 0},
            {middleDown, left, 0, 1},
            {middleDown, right, 0, -1},
        };
        for (Object[] edge : edges) {
            int down = 5 * (int) edge[2];
            int across = 5 * (int) edge[3];
            Color outside = shown.at(page, (double) edge[0], (double) edge[1], -down, -across);
            assertThat(outside).matches(ReportInBrowserTest::isFlat, "outside an edge");
            Color within = shown.at(page, (double) edge[0], (double) edge[1], down, across);
            assertThat(within).matches(colour -> !isFlat(colour), "inside an edge");
        }
        for (double down : new double[] {top, bottom}) {
            for (double across : new double[] {left, right}) {
                Color outside = shown.at(page, down, across, down == top ? -5 : 5, across == left ? -5 : 5);
                assertThat(outside).matches(ReportInBrowserTest::isFlat, "outside a corner");
            }
        }
    }

    private static boolean isFlat(Color colour) {
        return Math.abs(colour.getRed() - GRAY) <= 3
                && Math.abs(colour.getGreen() - GRAY) <= 3
                && Math.abs(colour.getBlue() - GRAY) <= 3;
    }

    private static boolean isBlue(Color colour) {
        return colour.getBlue() - colour.getRed() > 40;
    }

    private static boolean isOrange(Color colour) {
        return colour.getRed() - colour.getBlue() > 15;
    }
}
