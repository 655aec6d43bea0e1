package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForeignFilesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4980000000\n",
                "version https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\nsize 4980000000",
                "version https://git-lfs.github.com/spec/v1\next-0-foo sha256:1\noid sha256:4d7a\nsize 4980000000\nx 1\n"
            })
    void aGitLfsPointerPromisesASize(String head) {
        assertThat(ForeignFiles.recognise(bytes(head))).hasValueSatisfying(what -> assertThat(what)
                .startsWith("is a Git LFS pointer, not the file of 4980000000 bytes")
                .contains("git lfs pull"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<!DOCTYPE html><html>",
                " \r\n <!doctype HTML PUBLIC",
                "<HTML lang=\"en\">",
                "\ufeff<html>",
                "\ufeff\n<head>"
            })
    void aWebPageIsNamed(String head) {
        assertThat(ForeignFiles.recognise(bytes(head)))
                .hasValueSatisfying(what -> assertThat(what).startsWith("is an HTML page"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"<html>\": 0}",
                "#version: 0.2\n< h\n",
                "version 1\n",
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
                "<|endoftext|>",
                "PK\u0003\u0004"
            })
    void anythingElseIsLeftToItsReader(String head) {
        assertThat(ForeignFiles.recognise(bytes(head))).isEmpty();
        byte[] much = new byte[100_000];
        System.arraycopy(bytes(head), 0, much, 0, bytes(head).length);
        assertThat(ForeignFiles.recognise(much)).isEmpty();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
