package io.maskroute.job.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedactionTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "https://h/x.jpg?X-Amz-Signature=1&b=2 cannot be read | https://h/x.jpg cannot be read",
                "of s3a://b/x?sig=1, and http://h:80/?q=1 | of s3a://b/x and http://h:80/",
                "s3a://user:word@b/x?sig=1 | s3a://b/x",
                "file:///a/what?.png is there | file:///a/what?.png is there",
                "/a/what?.png is there | /a/what?.png is there",
                "what is it? nothing | what is it? nothing",
                "abfs://container@account/x | abfs://container@account/x"
            })
    void passwordsAndQueriesAreLeftOut(String text, String shown) {
        assertThat(Redaction.uri(text)).isEqualTo(shown);
    }
}
