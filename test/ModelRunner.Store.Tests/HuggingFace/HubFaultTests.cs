using System.Text;
using Microsoft.AspNetCore.Http;
using ModelRunner.Store.Pulls;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>Hugging Face refuses, or sends something else than it should.</summary>
public sealed class HubFaultTests
{
    private const string FileName = "Tiny-Q4_K_M.gguf";

    [Theory]
    [InlineData(401, "RepoNotFound", null, nameof(PullResult.Denied), "was not found, or is private or gated")]
    [InlineData(401, "RepoNotFound", "hf_x", nameof(PullResult.Denied), "is not open to the token that was sent")]
    [InlineData(401, "GatedRepo", null, nameof(PullResult.Denied), "is gated: ")]
    [InlineData(403, "GatedRepo", "hf_x", nameof(PullResult.Denied), "/Org/Tiny-GGUF with the account of the token, and pull again")]
    [InlineData(403, "", "hf_x", nameof(PullResult.Denied), "give the token the right to read it")]
    [InlineData(404, "RepoNotFound", null, nameof(PullResult.NotFound), "check the name of the repository")]
    [InlineData(404, "RevisionNotFound", null, nameof(PullResult.NotFound), "check the revision")]
    [InlineData(400, "", null, nameof(PullResult.Server), "was refused")]
    [InlineData(500, "", null, nameof(PullResult.Server), "try again later")]
    public async Task A_refusal_has_its_way_out(int status, string code, string? token, string result, string expected)
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.Instead = async context =>
        {
            await HubServer.RefuseAsync(context, status, ("X-Error-Code", code), ("X-Error-Message", "because"));
            return true;
        };

        PullOutcome outcome = await hub.PullAsync(token: token);

        Assert.Equal(result, outcome.Result.ToString());
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
        Assert.Contains($"answered {status} (because)", outcome.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', outcome.Message);
        Assert.DoesNotContain("hf_x", outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RateLimit", "\"api\";r=0;t=555", "try again in 10 min")]
    [InlineData("Retry-After", "90", "try again in 90 s")]
    public async Task A_limit_of_requests_is_told_with_its_end(string header, string value, string expected)
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.Instead = async context =>
        {
            await HubServer.RefuseAsync(context, 429, (header, value));
            return true;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.RateLimited, outcome.Result);
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
        Assert.Contains("set HF_TOKEN", outcome.Message, StringComparison.Ordinal);
        Assert.Single(hub.Server.Requests);
    }

    /// <summary>The end of the window concerns only a client that has used it up.</summary>
    [Fact]
    public async Task The_end_of_a_window_with_requests_left_is_not_waited_for()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.Instead = async context =>
        {
            await HubServer.RefuseAsync(context, 429, ("RateLimit", "\"api\";r=12;t=555"));
            return true;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.RateLimited, outcome.Result);
        Assert.Contains("try again later", outcome.Message, StringComparison.Ordinal);
        Assert.True(hub.Server.Requests.Count > 1, "it was not tried again at once");
    }

    [Fact]
    public async Task A_short_limit_of_requests_is_waited_for()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        var refused = new HashSet<string>(StringComparer.Ordinal);
        hub.Server.Instead = async context =>
        {
            bool isFirst = refused.Add($"{context.Request.Method} {context.Request.Path}");
            if (isFirst)
                await HubServer.RefuseAsync(context, 429, ("Retry-After", "0"));
            return isFirst;
        };

        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);
        Assert.Equal(8, hub.Server.Requests.Count);
    }

    [Fact]
    public async Task A_file_that_is_gated_is_told_before_its_download()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.Instead = async context =>
        {
            bool isFile = context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal);
            if (isFile)
                await HubServer.RefuseAsync(context, 403, ("X-Error-Code", "GatedRepo"));
            return isFile;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Denied, outcome.Result);
        Assert.Contains($"accept its terms at {hub.Server.Endpoint}/Org/Tiny-GGUF, set HF_TOKEN", outcome.Message, StringComparison.Ordinal);
        Assert.StartsWith("HEAD ", hub.Server.Requests.Last(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>login</html>", "text/html", "sent a web page")]
    [InlineData("proxy", "text/plain", "that is not JSON")]
    [InlineData("{}", "application/json", "without a commit")]
    [InlineData("""{"sha":"../../x"}""", "application/json", "without a commit")]
    public async Task Something_else_than_a_commit_is_no_commit(string body, string type, string expected)
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.Instead = async context =>
        {
            context.Response.ContentType = type;
            await context.Response.WriteAsync(body);
            return true;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Server, outcome.Result);
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_next_page_on_another_server_is_not_asked()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)], null, new(StringComparer.Ordinal) { ["HF_TOKEN"] = "hf_secret" });
        int asked = 0;
        await using LoopbackServer other = await LoopbackServer.StartAsync(_ =>
        {
            asked++;
            return Task.CompletedTask;
        });
        hub.Server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/tree/", StringComparison.Ordinal))
                return false;
            context.Response.Headers.Link = $"<{other.Address}x>; rel=\"next\"";
            await context.Response.WriteAsync("[]");
            return true;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Server, outcome.Result);
        Assert.Contains("on another server", outcome.Message, StringComparison.Ordinal);
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task A_list_without_end_is_cut()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.Instead = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/tree/", StringComparison.Ordinal))
                return false;
            context.Response.Headers.Link = $"<{context.Request.Path}?recursive=true&cursor=1>; rel=\"next\"";
            await context.Response.WriteAsync("[]");
            return true;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.Contains("more than 100 pages", outcome.Message, StringComparison.Ordinal);
        Assert.Equal(101, hub.Server.Requests.Count);
    }

    [Fact]
    public async Task A_renamed_repository_is_found_with_the_token()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)], null, new(StringComparer.Ordinal) { ["HF_TOKEN"] = "hf_x" });
        hub.Server.Instead = async context =>
        {
            string path = context.Request.Path.Value!;
            if (!path.Contains("Org/Old", StringComparison.Ordinal))
                return false;
            await HubServer.RefuseAsync(context, 307, ("Location", path.Replace("Org/Old", "Org/Tiny-GGUF", StringComparison.Ordinal) + context.Request.QueryString));
            return true;
        };

        Assert.Equal(PullResult.Success, (await hub.PullAsync("hf.co/Org/Old")).Result);

        Assert.NotNull(hub.Store.Read().Find("huggingface.co/org/old:Q4_K_M"));
        Assert.All(hub.Server.Tokens, static token => Assert.Equal("Bearer hf_x", token));
    }

    [Fact]
    public async Task Other_bytes_than_those_of_the_list_are_fetched_once_more_and_then_refused()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        byte[] other = HubFixture.Make("other", 500);
        hub.Server.StorageFaults.Enqueue(context => context.Response.Body.WriteAsync(other).AsTask());
        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);

        hub.Server.Files["Tiny-Q8_0.gguf"] = HubFixture.Make("more", 600);
        for (int time = 0; time < 2; time++)
            hub.Server.StorageFaults.Enqueue(context => context.Response.Body.WriteAsync(HubFixture.Make("other", 600)).AsTask());
        Assert.Equal(PullResult.WrongBytes, (await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q8_0")).Result);
    }

    [Theory]
    [InlineData("<html>sign in</html>", "text/html", "sent a web page")]
    [InlineData("short", "application/octet-stream", "5 bytes instead of 500")]
    public async Task Something_else_than_the_file_is_told(string body, string type, string expected)
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.StorageFaults.Enqueue(context =>
        {
            context.Response.ContentType = type;
            context.Response.ContentLength = body.Length;
            return context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(body)).AsTask();
        });

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Server, outcome.Result);
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storage_whose_address_has_expired_is_asked_again_through_Hugging_Face()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, 500)]);
        hub.Server.StorageFaults.Enqueue(static context => HubServer.RefuseAsync(context, 403));

        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);
        Assert.Equal(2, hub.Server.Requests.Count(static request => request.StartsWith("GET /Org/Tiny-GGUF/resolve/", StringComparison.Ordinal)));
    }
}
