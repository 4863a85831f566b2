using Microsoft.AspNetCore.Http;

namespace ModelRunner.Daemon.Tests.Forwarding;

public sealed class FinalRunnerErrorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(501, "no", 0, 400)]
    [InlineData(501, "", 0, 400)]
    [InlineData(500, """{"error":{"message":"image input is not supported"}}""", 0, 400)]
    [InlineData(500, """{"error":{"message":"other"}}""", 0, 500)]
    [InlineData(500, "long", 300_000, 500)]
    public async Task An_error_that_is_the_clients_is_told_so_also_where_its_length_is_not_known(int status, string text, int more, int expected)
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
        string told = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal((expected, expected == 400), ((int)response.StatusCode, response.Headers.Contains("x-should-retry")));
        if (expected == 400)
            Assert.Contains("unsupported_by_model", told, StringComparison.Ordinal);
        else
            Assert.Equal((body, "application/json"), (told, response.Content.Headers.ContentType?.MediaType));
    }
}
