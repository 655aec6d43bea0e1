package io.maskroute.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class HtmlTest {
    private final StringWriter out = new StringWriter();
    private final Html html = new Html(out);

    @Test
    void escapesTextAndAttributesAlike() throws IOException {
        html.element("p", "a<b> & \"c\" 'd' </p>", "title", "\"><script>'&");
        assertThat(out)
                .hasToString("<p title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">"
                        + "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; &lt;/p&gt;</p>");
    }

    @Test
    void showsWhatAPageCannotHold() throws IOException {
        html.text("\0\u001b\r\u007f\u0085\ufffe\uffff|\t\n|");
        assertThat(out).hasToString("␀␛␍\ufffd\ufffd\ufffd\ufffd|\t\n|");
    }

    @Test
    void keepsPairsOfSurrogatesAndReplacesHalves() throws IOException {
        html.text("😀\ud83d|\ude00|😀");
        assertThat(out).hasToString("😀\ufffd|\ufffd|😀");
    }

    @Test
    void leavesOutAttributesWithoutValue() throws IOException {
        html.empty("input", "checked", null, "value", "");
        assertThat(out).hasToString("<input value=\"\"/>");
    }
}
