package io.maskroute.core.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutingScheduleTest {
    private static final String WHOLE =
            """
            {"format":1,"mask_token_layer":12,"image_tokens":{"proxies":{"kind":"grid","stride":2},\
            "layers":"all","projector":{"kind":"linear","rank":128}}}""";

    private static final String DROPPING =
            """
            {"format":1,"drop_image_tokens":{"criterion":"attention","after_layer":2,"keep":64}}""";

    @Test
    void reads_the_form_of_the_contract() {
        RoutingSchedule schedule = RoutingScheduleReader.parse(WHOLE, "routing.json");

        assertThat(schedule.maskTokenLayer()).isEqualTo(12);
        assertThat(schedule.imageTokens().proxies()).isEqualTo(new Proxies(ProxyKind.GRID, 2));
        assertThat(schedule.imageTokens().layers()).isEqualTo(LayerSelection.ALL);
        assertThat(schedule.imageTokens().projector()).isEqualTo(new Projector(ProjectorKind.LINEAR, 128));
        assertThat(schedule.perLayer()).isEmpty();
        assertThat(RoutingScheduleWriter.canonical(schedule)).isEqualTo(WHOLE);
    }

    @Test
    void a_delta_rank_is_optional() {
        String json = WHOLE.replace("\"rank\":128", "\"rank\":128,\"delta_rank\":16");
        RoutingSchedule schedule = RoutingScheduleReader.parse(json, "routing.json");

        assertThat(schedule.projector(0)).isEqualTo(new Projector(ProjectorKind.LINEAR, 128, 16));
        assertThat(RoutingScheduleWriter.canonical(schedule)).isEqualTo(json);
        assertThatThrownBy(() -> RoutingScheduleReader.parse(json.replace("16", "-1"), "routing.json"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("delta_rank is -1; write a whole number of at least 0");
        String none = WHOLE.replace("\"rank\":128", "\"rank\":128,\"delta_rank\":0");
        assertThat(RoutingScheduleWriter.canonical(RoutingScheduleReader.parse(none, "routing.json")))
                .isEqualTo(WHOLE);
    }

    @Test
    void overrides_replace_what_holds_for_all_layers() {
        String json =
                """
                {"format":1,"mask_token_layer":0,"image_tokens":{"proxies":{"kind":"grid","stride":2},\
                "layers":[1,2],"projector":{"kind":"linear","rank":8}},"per_layer":[{"routed":true},null,\
                {"routed":false},{"routed":true,"proxies":{"kind":"grid","stride":3},\
                "projector":{"kind":"mlp","rank":4}}]}""";
        RoutingSchedule schedule = RoutingScheduleReader.parse(json, "routing.json");

        assertThat(List.of(schedule.routed(0), schedule.routed(1), schedule.routed(2), schedule.routed(3)))
                .containsExactly(true, true, false, true);
        assertThat(schedule.proxies(0).stride()).isEqualTo(2);
        assertThat(schedule.proxies(3).stride()).isEqualTo(3);
        assertThat(schedule.projector(1)).isEqualTo(new Projector(ProjectorKind.LINEAR, 8));
        assertThat(schedule.projector(3)).isEqualTo(new Projector(ProjectorKind.MLP, 4));
        assertThat(schedule.perLayer().get(1)).isEqualTo(LayerOverride.NONE);
        assertThat(RoutingScheduleWriter.canonical(schedule)).isEqualTo(json);
    }

    @Test
    void equal_schedules_have_equal_canonical_text() {
        RoutingSchedule spread = RoutingScheduleReader.parse(
                WHOLE.replace("\"all\"", "[5, 1,\n 3]")
                        .replace("{\"format\":1,", "{ ")
                        .replace("128}}}", "128}},\"format\":1}"),
                "a");
        RoutingSchedule plain = RoutingScheduleReader.parse(WHOLE.replace("\"all\"", "[1,3,5]"), "b");

        assertThat(spread).isEqualTo(plain);
        assertThat(RoutingScheduleWriter.canonical(spread)).isEqualTo(RoutingScheduleWriter.canonical(plain));
    }

    @Test
    void written_files_read_back(@TempDir Path folder) throws Exception {
        RoutingSchedule schedule = RoutingScheduleReader.parse(WHOLE, "routing.json");
        Path file = folder.resolve("routing.json");
        RoutingScheduleWriter.write(schedule, file);

        assertThat(RoutingScheduleReader.read(file)).isEqualTo(schedule);
    }

    @Test
    void the_dense_schedule_is_the_identity_however_it_is_written() {
        assertThat(RoutingSchedule.dense().isDense(24)).isTrue();
        assertThat(parsed(0, "[]", 2).isDense(24)).isTrue();
        assertThat(parsed(0, "\"all\"", 1).isDense(24)).isTrue();
        assertThat(parsed(0, "[30]", 2).isDense(24)).isTrue();
        assertThat(parsed(0, "\"all\"", 2).isDense(24)).isFalse();
        assertThat(parsed(12, "[]", 1).isDense(24)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"format\":1 | {\"format\":2 | format is 2; this version reads format 1",
                "{\"format\":1, | { | format is missing; add it",
                "\"mask_token_layer\":12, | `` | mask_token_layer is missing; add it",
                "\"mask_token_layer\":12 | \"mask_token_layer\":-1 | mask_token_layer is -1; write a whole number of at least 0",
                "\"mask_token_layer\":12 | \"mask_token_layer\":\"12\" | mask_token_layer is \"12\"; write a whole number",
                "\"mask_token_layer\":12 | \"mask_token_layer\":12.5 | mask_token_layer is 12.5; write a whole number",
                "\"mask_token_layer\":12 | \"mask_token_layer\":99999999999 | mask_token_layer is 99999999999; write a whole",
                "\"mask_token_layer\":12 | \"mask_token_layer\":null | mask_token_layer is null; write a whole number",
                "\"mask_token_layer\":12 | \"mask_layer\":12 | unknown key mask_layer in the schedule; it may hold format, mask_token",
                "\"mask_token_layer\":12 | \"format\":1 | not valid JSON: Duplicate field 'format'",
                "\"proxies\":{\"kind\":\"grid\",\"stride\":2}, | `` | image_tokens.proxies is missing; add it",
                "\"kind\":\"grid\",\"stride\":2 | \"kind\":\"grid\" | image_tokens.proxies.stride is missing; add it",
                "\"stride\":2 | \"stride\":0 | image_tokens.proxies.stride is 0; write a whole number of at least 1",
                "\"stride\":2 | \"stride\":2,\"offset\":1 | unknown key offset in image_tokens.proxies; it may hold kind, stride",
                "\"grid\" | \"random\" | image_tokens.proxies.kind is \"random\"; write \"grid\"",
                "\"linear\" | \"Linear\" | image_tokens.projector.kind is \"Linear\"; write \"linear\" or \"mlp\"",
                "\"rank\":128 | \"rank\":0 | image_tokens.projector.rank is 0; write a whole number of at least 1",
                "\"all\" | \"none\" | image_tokens.layers is \"none\"; write \"all\" or a list of layer numbers",
                "\"all\" | [1,-2] | image_tokens.layers[1] is -2; write a whole number of at least 0",
                "\"all\" | [1,2,1] | image_tokens.layers names layer 1 twice; name each layer once",
                "128}}} | 128}},\"per_layer\":{}} | per_layer is {}; write a list",
                "128}}} | 128}},\"per_layer\":[{}]} | per_layer[0] is empty; write null",
                "128}}} | 128}},\"per_layer\":[null,{\"stride\":3}]} | unknown key stride in per_layer[1]; it may hold routed, proxies",
                "128}}} | 128}},\"per_layer\":[{\"routed\":0}]} | per_layer[0].routed is 0; write true or false",
                "128}}} | 128}},\"per_layer\":[{\"projector\":{\"rank\":3}}]} | per_layer[0].projector.kind is missing; add it",
                "128}}} | 128}} | not valid JSON",
                "128}}} | 128}}}{} | not valid JSON",
                "{\"format\":1 | 7,{\"format\":1 | not valid JSON",
            })
    void a_faulty_schedule_is_refused_in_one_line(String from, String to, String message) {
        assertThat(WHOLE).contains(from);
        assertThatThrownBy(() -> RoutingScheduleReader.parse(WHOLE.replace(from, to), "conf/x.json"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("conf/x.json: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void image_tokens_may_be_dropped_instead() {
        RoutingSchedule attention = RoutingScheduleReader.parse(DROPPING, "routing.json");
        assertThat(attention)
                .isEqualTo(RoutingSchedule.dropping(new ImageTokenDropping(Criterion.ATTENTION, 2, 64, 0)));
        assertThat(RoutingScheduleWriter.canonical(attention)).isEqualTo(DROPPING);
        assertThat(attention.isDense(24)).isFalse();
        String shared = DROPPING.replace("attention", "picture_attention");
        RoutingSchedule picture = RoutingScheduleReader.parse(shared, "routing.json");
        assertThat(picture.dropping()).contains(new ImageTokenDropping(Criterion.PICTURE_ATTENTION, 2, 64, 0));
        assertThat(RoutingScheduleWriter.canonical(picture)).isEqualTo(shared);

        String json = DROPPING.replace("attention", "random").replace("64", "64,\"seed\":3");
        RoutingSchedule random = RoutingScheduleReader.parse(json, "routing.json");
        assertThat(random.dropping()).contains(new ImageTokenDropping(Criterion.RANDOM, 2, 64, 3));
        assertThat(RoutingScheduleWriter.canonical(random)).isEqualTo(json);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "attention | nearest | drop_image_tokens.criterion is \"nearest\"; write \"attention\" or \"picture_attention\" or \"random\"",
                "attention | random | drop_image_tokens.seed is missing; add it",
                "\"keep\":64 | \"keep\":64,\"seed\":1 | drop_image_tokens.seed has no meaning for the criterion attention; remove",
                "\"keep\":64 | \"keep\":-1 | drop_image_tokens.keep is -1; write a whole number of at least 0",
                "\"keep\":64 | \"kept\":64 | unknown key kept in drop_image_tokens; it may hold criterion, after_layer, keep",
                "\"after_layer\":2 | \"after_layer\":0 | drop_image_tokens.after_layer is 0; write a whole number of at least 1",
                "\"after_layer\":2, | `` | drop_image_tokens.after_layer is missing; add it",
                "64}} | 64},\"mask_token_layer\":3} | mask_token_layer stands beside drop_image_tokens, which is run on its own; remove",
                "64}} | 64},\"image_tokens\":{}} | image_tokens stands beside drop_image_tokens",
            })
    void a_faulty_dropping_is_refused_in_one_line(String from, String to, String message) {
        assertThat(DROPPING).contains(from);
        assertThatThrownBy(() -> RoutingScheduleReader.parse(DROPPING.replace(from, to), "conf/x.json"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("conf/x.json: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void a_missing_or_foreign_file_is_refused(@TempDir Path folder) throws Exception {
        Path missing = folder.resolve("missing.json");
        assertThatThrownBy(() -> RoutingScheduleReader.read(missing))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(missing + ": no such routing schedule");
        assertThatThrownBy(() -> RoutingScheduleReader.read(folder))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("is a folder");
        Path large = Files.write(folder.resolve("model.bin"), new byte[2 << 20]);
        assertThatThrownBy(() -> RoutingScheduleReader.read(large))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("is no routing schedule");
        Path binary = Files.write(folder.resolve("binary.json"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> RoutingScheduleReader.read(binary)).isInstanceOf(UnusableInputException.class);
        Path empty = Files.write(folder.resolve("empty.json"), new byte[0]);
        assertThatThrownBy(() -> RoutingScheduleReader.read(empty)).isInstanceOf(UnusableInputException.class);
    }

    private static RoutingSchedule parsed(int maskTokenLayer, String layers, int stride) {
        return RoutingScheduleReader.parse(
                WHOLE.replace(":12,", ":" + maskTokenLayer + ",")
                        .replace("\"all\"", layers)
                        .replace("\"stride\":2", "\"stride\":" + stride),
                "routing.json");
    }
}
