using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

/// <summary>Every parameter of sampling changes what is sampled: with the same seed, another text comes than without it.</summary>
public sealed class ParameterTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private readonly HostProcess _host = fixture.Host;

    [Theory]
    [InlineData("\"temperature\":0.3")]
    [InlineData("\"top_k\":2")]
    [InlineData("\"top_p\":0.2")]
    [InlineData("\"min_p\":0.9")]
    [InlineData("\"top_n_sigma\":0.2")]
    [InlineData("\"typical_p\":0.1")]
    [InlineData("\"xtc_probability\":1,\"xtc_threshold\":0.01")]
    [InlineData("\"repeat_penalty\":3")]
    [InlineData("\"presence_penalty\":2")]
    [InlineData("\"frequency_penalty\":2")]
    [InlineData("\"dry_multiplier\":5,\"dry_allowed_length\":1")]
    [InlineData("\"dynatemp_range\":1.9")]
    [InlineData("\"mirostat\":1,\"mirostat_tau\":1")]
    [InlineData("\"mirostat\":2,\"mirostat_tau\":1")]
    [InlineData("\"adaptive_target\":0.9")]
    [InlineData("\"samplers\":[\"top_k\"],\"top_k\":1")]
    [InlineData("\"samplers\":\"temperature;top_k\",\"top_k\":1")]
    [InlineData("\"logit_bias\":[[\" a\",false],[\" the\",false],[\".\",-5.5]]")]
    [InlineData("\"seed\":12")]
    public async Task A_parameter_has_an_effect(string parameter)
    {
        string plain = await AnswerAsync("");

        Assert.Equal(plain, await AnswerAsync(""));
        Assert.NotEqual(plain, await AnswerAsync("," + parameter));
    }

    [Theory]
    [InlineData("\"min_p\":0.9", "\"min_keep\":5")]
    [InlineData("\"repeat_penalty\":3", "\"repeat_last_n\":2")]
    [InlineData(
        "\"prompt\":\"Once upon a time a fox. Once upon a time a fox. Once upon a\",\"temperature\":0,\"dry_multiplier\":0.5,\"dry_base\":1",
        "\"dry_base\":1.75")]
    [InlineData("\"dry_multiplier\":5,\"dry_allowed_length\":1", "\"dry_penalty_last_n\":4")]
    [InlineData("\"dry_multiplier\":5,\"dry_allowed_length\":1", "\"dry_sequence_breakers\":[\" \",\"a\",\"e\"]")]
    [InlineData("\"dynatemp_range\":1.9", "\"dynatemp_exponent\":9")]
    [InlineData("\"mirostat\":2,\"mirostat_tau\":3", "\"mirostat_eta\":0.9")]
    [InlineData("\"adaptive_target\":0.2", "\"adaptive_decay\":0.1")]
    public async Task A_parameter_of_another_has_an_effect(string parameter, string ofIt) =>
        Assert.NotEqual(await AnswerAsync("," + parameter), await AnswerAsync("," + parameter + "," + ofIt));

    // The limits of what is taken, and what computes infinities if nobody looks.
    [Theory]
    [InlineData("\"temperature\":1e-30,\"logit_bias\":{\"5\":1000000}")]
    [InlineData("\"temperature\":100,\"dynatemp_range\":100,\"dynatemp_exponent\":100")]
    [InlineData("\"top_k\":2147483647,\"min_keep\":2147483647")]
    [InlineData("\"top_p\":0,\"typical_p\":0,\"min_p\":1")]
    [InlineData("\"repeat_last_n\":1048576,\"repeat_penalty\":100,\"presence_penalty\":-2")]
    [InlineData("\"dry_multiplier\":1000,\"dry_base\":1000,\"dry_penalty_last_n\":1048576,\"dry_allowed_length\":0")]
    [InlineData("\"mirostat\":1,\"mirostat_tau\":0,\"mirostat_eta\":1")]
    [InlineData("\"mirostat\":2,\"mirostat_tau\":100,\"mirostat_eta\":0")]
    [InlineData("\"adaptive_target\":1,\"adaptive_decay\":0.99")]
    [InlineData("\"xtc_probability\":1,\"xtc_threshold\":0,\"temperature\":0")]
    [InlineData("\"samplers\":[]")]
    public async Task Extreme_values_do_no_harm(string parameters)
    {
        Assert.Equal(40, (await ReplyAsync("," + parameters)).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.NotEmpty(await AnswerAsync(""));
    }

    private async Task<string> AnswerAsync(string more) =>
        (await ReplyAsync(more)).GetProperty("choices")[0].GetProperty("text").GetString()!;

    private Task<JsonElement> ReplyAsync(string more) => _host.AskAsync(
        "/v1/completions",
        """{"prompt":"Once upon a time a fox","temperature":2,"seed":11,"max_tokens":40,"ignore_eos":true""" + more + "}");
}
