using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

public sealed class FinalRunnerErrorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(501, "no", 0, 400)]
    [InlineData(501, "", 0, 400)]
    [InlineData(500, """{"error":{"message":"image input is not supported"}}""", 0, 400)]
    [InlineData(500, """{"error":{"message":"other"}}""", 0, 500)]
    [InlineData(500, "long", 300_000, 500)]
    public async Task An_error_of_the_client_has_a_status_4xx_also_if_its_length_is_not_known(int status, string text, int more, int expected)
    {
        string body = text + new string('x', more);
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            await context.Response.StartAsync();
            await context.Response.WriteAsync(body);
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);
        string received = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal((expected, expected == 400), ((int)response.StatusCode, response.Headers.Contains("x-should-retry")));
        if (expected == 400)
            Assert.Contains("unsupported_by_model", received, StringComparison.Ordinal);
        else
            Assert.Equal((body, "application/json"), (received, response.Content.Headers.ContentType?.MediaType));
    }

    [Theory]
    [InlineData("File Not Found", 400, "the engine of model \"canonical:latest\" has no /v1/chat/completions")]
    [InlineData("no such model", 404, "no such model")]
    public async Task A_route_that_the_engine_does_not_have_is_named_with_the_model(string message, int status, string expected)
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(async context =>
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($$$"""{"error":{"code":404,"message":"{{{message}}}","type":"not_found_error"}}""");
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal((status, expected), ((int)response.StatusCode, document.RootElement.GetProperty("error").GetProperty("message").GetString()));
    }

    [Fact]
    public async Task An_input_longer_than_the_context_is_the_clients_error_with_advice_for_the_client()
    {
        await using ForwardingFixture fixture = await ForwardingFixture.StartAsync(static async context =>
        {
            context.Response.StatusCode = 500;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(
                """{"error":{"message":"input (2002 tokens) is too large to process. increase the physical batch size (current batch size: 512)"}}""");
        });

        using HttpResponseMessage response = await fixture.SendAsync("{}", Cancellation);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Equal(
            "input (2002 tokens) is too large to process; send a shorter input, or raise contextSize in the configuration of the model",
            error.GetProperty("message").GetString());
    }
}
