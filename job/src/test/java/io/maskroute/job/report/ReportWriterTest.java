package io.maskroute.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.RgbImage;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ReportWriterTest {
    private static final RgbImage GRAY = Reports.flat(30, 40, 128);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<script>alert(1)</script>",
                "</script></style></body></html><!--",
                "\"><img src=x onerror='alert(1)'>",
                "]]>&amp;&#0;&bogus; 'quoted' \"twice\"",
                "\u202eright to left \u2067 עברית العربية",
                "emoji 👩🏽‍🚀 and marks e\u0301",
            })
    void showsAnyTextAsText(String text) throws Exception {
        GalleryItem failed = new GalleryItem(
                text,
                text,
                text,
                text,
                () -> GRAY,
                null,
                null,
                null,
                null,
                null,
                new GalleryItem.Error(text, text, text));
        ReportData report = new ReportData(
                text,
                List.of(text),
                Reports.FIGURES,
                Reports.SCORES,
                Map.of(text, text),
                text,
                List.of(new ReportData.FailureGroup(text, text, 1, text, text)),
                null,
                List.of(),
                List.of(Reports.item(text, GRAY, null, null, null), failed));
        Document page = parse(Reports.html(report));
        assertThat(find(page, "//h1")).isEqualTo(text);
        assertThat(find(page, "//*[@role='note']/bdi")).isEqualTo(text);
        assertThat(find(page, "(//p[@class='prompt']/bdi)[1]")).isEqualTo(text);
        assertThat(find(page, "//li[@data-status='failed']//p[@class='error']/bdi"))
                .isEqualTo(text);
        assertThat(find(page, "//section[@id='failures']//td[2]")).isEqualTo(text);
        assertThat(find(page, "//section[@id='failures']//td[4]")).isEqualTo(text);
        assertThat(find(page, "//section[@id='run']//dd")).isEqualTo(text);
        assertThat(find(page, "//pre")).isEqualTo(text);
        assertThat(find(page, "(//img[@class='picture'])[1]/@alt")).endsWith(text);
        assertThat(find(page, "count(//script)")).isEqualTo("1");
        assertThat(find(page, "count(//style)")).isEqualTo("1");
    }

    @Test
    void showsWhereMaskTokensLookLayerByLayer() throws Exception {
        Document page = parse(Reports.html(Reports.of(List.of())));

        String attention = "//section[@id='attention']//*[local-name()='svg']";
        assertThat(find(page, attention + "/@aria-label"))
                .contains("layer 0 2.0 % without mask tokens", "layer 8 12.4 %,", "layer 23 32.0 %");
        assertThat(find(page, "count(" + attention + "/*[@class='bar quiet'])")).isEqualTo("8");
        assertThat(find(page, "count(" + attention + "/*[@class='bar'])")).isEqualTo("16");
        assertThat(find(page, "count(" + attention + "/*[@class='mark'])")).isEqualTo("1");
        // The projectors of the schedule, at its strides; the dense layer has none.
        String errors = "//section[@id='projectors']//*[local-name()='svg']";
        assertThat(find(page, errors + "/@aria-label"))
                .contains("layer 0 90.0 % untrained, 11.3 % fitted", "layer 1 63.0 % untrained, 9.0 % fitted")
                .endsWith("layer 23 dense");
        assertThat(find(page, "count(" + errors + "/*[@class='dot'])")).isEqualTo("23");
    }

    @Test
    void survivesTextsThatNoPageCanHold() throws Exception {
        Random random = new Random(20);
        StringBuilder text = new StringBuilder("\0\u0001\u001f\u007f\u0080\ufffe\uffff\ud800x\udc00");
        for (int i = 0; i < 500; i++) {
            text.append((char) random.nextInt(0x10000));
        }
        Document page = parse(Reports.html(Reports.of(List.of(Reports.item(text.toString(), GRAY, null, null, null)))));
        assertThat(find(page, "//p[@class='prompt']")).startsWith("␀␁␟");
    }

    @Test
    void cutsAVeryLongText() throws Exception {
        String html = Reports.html(Reports.of(List.of(Reports.item("x".repeat(1_000_000), GRAY, null, null, null))));
        assertThat(html).hasSizeLessThan(60_000).contains("xxx…");
    }

    @Test
    void forbidsTheNetworkAndForeignScripts() throws Exception {
        String html = Reports.html(Reports.of(List.of()));
        String policy = find(parse(html), "//meta[@http-equiv='Content-Security-Policy']/@content");
        assertThat(policy)
                .isEqualTo("default-src 'none'; img-src data:; style-src '" + hashOf(html, "style") + "'; script-src '"
                        + hashOf(html, "script") + "'; base-uri 'none'; form-action 'none'");
        assertThat(html).doesNotContain("http:", "https:", "style=", "onclick=", "url(");
    }

    @Test
    void showsTheFigures() throws Exception {
        Document page = parse(Reports.html(Reports.of(List.of())));
        assertThat(tile(page, "Images")).isEqualTo("1,250");
        assertThat(tile(page, "Prompts")).isEqualTo("8,943");
        assertThat(tile(page, "Failed")).isEqualTo("12");
        assertThat(tile(page, "cIoU")).isEqualTo("73.6 %");
        assertThat(tile(page, "gIoU")).isEqualTo("75.1 %");
        assertThat(tile(page, "LLM FLOPs")).isEqualTo("54.7 %");
        assertThat(tile(page, "Latency p50")).isEqualTo("398 ms");
        assertThat(find(page, "//div[dt='Latency p50']/dd[2]")).endsWith("p95 1.20 s");
        assertThat(tile(page, "Throughput")).isEqualTo("4.87 /s");
        assertThat(find(page, "//section[@id='precision']/svg/@aria-label")).contains("Pr@0.5 86.1 %, Pr@0.6 82.3 %");
        assertThat(find(page, "//section[@id='latency']/svg/@aria-label")).contains("vision 182 ms, prefix 64.1 ms");
        assertThat(find(page, "//section[@id='flops']/svg/@aria-label")).contains("LLM, dense 1.12 TFLOP");
    }

    @Test
    void showsScoresOfEveryTaskByFormula() throws Exception {
        Document page = parse(Reports.html(Reports.of(List.of())));
        String referring = "//section[@id='scores']/div[1]//";
        assertThat(find(page, referring + "thead/tr")).isEqualTo("FormulacIoUN_accSamplesProtocolRasterComparable");
        assertThat(find(page, referring + "tbody/tr[1]")).isEqualTo("lisa61.0 %–12per-expression–yes");
        assertThat(find(page, referring + "tbody/tr[2]")).isEqualTo("sa2va59.0 %–12per-expression–no");
        assertThat(find(page, "//section[@id='scores']/div[2]//tbody/tr")).startsWith("panopticapi40.2 %");
    }

    @Test
    void drawsBarsInProportion() throws Exception {
        Document page = parse(Reports.html(Reports.of(List.of())));
        double dense = number(page, "//section[@id='flops']//rect[@class='bar quiet']/@width");
        double asRun = number(page, "(//section[@id='flops']//rect[@class='bar'])[1]/@width");
        assertThat(asRun / dense).isBetween(0.546, 0.548);
    }

    @Test
    void leavesOutWhatWasNotMeasured() throws Exception {
        RunFigures none = new RunFigures(3, 0, 0, 0, null, null, null, null);
        ReportData report =
                new ReportData("t", List.of(), none, List.of(), Map.of(), null, List.of(), null, List.of(), List.of());
        Document page = parse(Reports.html(report));
        assertThat(find(page, "count(//svg)")).isEqualTo("0");
        assertThat(find(page, "count(//dt)")).isEqualTo("3");
        assertThat(find(page, "//section[@id='failures']/p")).isEqualTo("No prompt failed.");
        assertThat(find(page, "count(//*[@role='note'])")).isEqualTo("0");
    }

    @Test
    void showsFiguresThatAreNotNumbersAsADash() throws Exception {
        RunFigures figures = new RunFigures(
                1,
                1,
                1,
                0,
                new RunFigures.Quality(0, Double.NaN, Double.NaN, new TreeMap<>(Map.of(0.5, Double.NaN)), null),
                new RunFigures.Latency(Double.NaN, Double.NaN, Map.of("vision", Double.NaN)),
                new RunFigures.Flops(0, 0, 0, 0, 0),
                Double.POSITIVE_INFINITY);
        String html = Reports.html(new ReportData(
                "t", List.of(), figures, List.of(), Map.of(), null, List.of(), null, List.of(), List.of()));
        Document page = parse(html);
        assertThat(tile(page, "cIoU")).isEqualTo("–");
        assertThat(tile(page, "LLM FLOPs")).isEqualTo("–");
        assertThat(html).doesNotContain("NaN\"", ">NaN", "Infinity");
    }

    @Test
    void listsFailuresByKindUpToALimit() throws Exception {
        List<ReportData.FailureGroup> groups = new ArrayList<>();
        for (int i = 0; i < ReportWriter.FAILURE_LIMIT + 3; i++) {
            groups.add(new ReportData.FailureGroup("decode", "kind-" + i, 1000 + i, "message " + i, "p" + i));
        }
        Document page = parse(Reports.html(Reports.of("t", groups, List.of())));
        assertThat(find(page, "count(//section[@id='failures']//tbody/tr)")).isEqualTo("" + ReportWriter.FAILURE_LIMIT);
        assertThat(find(page, "//section[@id='failures']//tbody/tr[3]")).isEqualTo("decodekind-21,002message 2p2");
        assertThat(find(page, "//section[@id='failures']/p")).isEqualTo("3 more kinds are not listed.");
    }

    @Test
    void readsEachPictureOnceAndNoMoreThanItShows() throws Exception {
        AtomicInteger reads = new AtomicInteger();
        GalleryItem item = new GalleryItem(
                "7",
                "7-1",
                "referring",
                "t",
                () -> {
                    reads.incrementAndGet();
                    return GRAY;
                },
                null,
                null,
                null,
                null,
                null,
                null);
        String html = Reports.html(Reports.of(Collections.nCopies(100, item)));
        assertThat(reads).hasValue(ReportWriter.GALLERY_LIMIT);
        assertThat(html).contains("60 of 8,943 prompts, by picture: up to a quarter each");
    }

    @Test
    void scalesLargePicturesAndTheirMasksDownTogether() throws Exception {
        Document page = parse(Reports.html(Reports.of(List.of(Reports.item(
                "t",
                Reports.flat(3000, 2000, 90),
                Reports.rectangle(3000, 2000, 0, 0, 1000, 1000),
                Reports.rectangle(3000, 2000, 0, 0, 1000, 1000),
                1.0)))));
        assertThat(find(page, "count(//img[@width='533'][@height='800'])")).isEqualTo("4");
    }

    @Test
    void saysWhyAPictureOrItsMasksAreNotShown() throws Exception {
        GalleryItem unreadable = new GalleryItem(
                "8",
                "8-1",
                "referring",
                "t",
                () -> {
                    throw new RowFailure(Stage.DECODE, "unreadable-image", "the file ends early");
                },
                Reports.rectangle(30, 40, 1, 1, 9, 9),
                null,
                null,
                null,
                null,
                null);
        GalleryItem otherSize = Reports.item("t", GRAY, Reports.rectangle(40, 30, 1, 1, 9, 9), null, null);
        Document page = parse(Reports.html(Reports.of(List.of(unreadable, otherSize))));
        assertThat(find(page, "//li[1]//p[@class='error']"))
                .isEqualTo("The picture cannot be shown: the file ends early");
        assertThat(find(page, "count(//ol/li[1]//img)")).isEqualTo("1");
        assertThat(find(page, "//ol/li[2]//p[@class='error']"))
                .isEqualTo("The masks are not shown: one is 30x40, the picture 40x30.");
        assertThat(find(page, "count(//ol/li[2]//img)")).isEqualTo("1");
    }

    /** The page is also well-formed XML, so a strict parser sees whether anything got out of its place. */
    private static Document parse(String html) throws Exception {
        assertThat(html).startsWith("<!doctype html>\n");
        String xml = html.substring(html.indexOf('\n') + 1)
                .replace('\u00a0', ' ')
                .replaceFirst("(?s)<style>.*?</style>", "<style/>")
                .replaceFirst("(?s)<script>.*?</script>", "<script/>");
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }

    private static String find(Document page, String expression) throws Exception {
        XPath xpath = XPathFactory.newInstance().newXPath();
        return xpath.evaluate(expression, page);
    }

    private static double number(Document page, String expression) throws Exception {
        return Double.parseDouble(find(page, expression));
    }

    private static String tile(Document page, String label) throws Exception {
        return find(page, "//div[@class='tile'][dt='" + label + "']/dd[@class='figure']");
    }

    private static String hashOf(String html, String tag) throws Exception {
        Matcher element =
                Pattern.compile("(?s)<" + tag + ">(.*?)</" + tag + ">").matcher(html);
        assertThat(element.find()).isTrue();
        byte[] digest =
                MessageDigest.getInstance("SHA-256").digest(element.group(1).getBytes(StandardCharsets.UTF_8));
        return "sha256-" + Base64.getEncoder().encodeToString(digest);
    }
}
