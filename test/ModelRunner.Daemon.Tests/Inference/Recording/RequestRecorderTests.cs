using System.Text;
using Microsoft.AspNetCore.Http;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference.Recording;

namespace ModelRunner.Daemon.Tests.Inference.Recording;

public sealed class RequestRecorderTests
{
    private const int MiB = 1 << 20;
    private const string Json = "application/json";

    private static readonly DaemonSettings On = new()
    {
        Listen = new ListenSettings("/x.sock", null), ModelsPath = "/models", RecordsRequests = true, MaxRecordedBytes = MiB,
    };

    private readonly RequestRecorder _recorder = new(On, TimeProvider.System);

    [Fact]
    public void The_last_requests_of_each_model_are_kept_in_the_order_of_their_ends()
    {
        for (int i = 1; i <= RequestRecorder.MaxPerModel + 2; i++)
            Record("a", $"{i}");
        Record("b", "x");

        Assert.Equal(["a", "b"], _recorder.Models);
        Assert.Equal(Enumerable.Range(3, RequestRecorder.MaxPerModel).Select(static number => $"{number}"), List("a").Select(Request));
        Assert.Equal("x", Request(Assert.Single(List("b"))));
        Assert.Equal(RequestRecorder.MaxPerModel + 1, List(null).Count);
        Assert.Equal((13, 12, 1, 0), (_recorder.LastOf(null), _recorder.LastOf("a"), _recorder.LastOf("b"), _recorder.LastOf("c")));
    }

    [Fact]
    public void All_requests_together_stay_within_the_budget()
    {
        for (int i = 0; i < 200; i++)
        {
            Record($"model {i % 40}", new string(' ', 20_000), new string(' ', 20_000));
            Assert.InRange(_recorder.Taken, 1, MiB);
        }

        // The oldest ones made room.
        Assert.InRange(List(null).Count, MiB / 45_000, MiB / 40_000);
        Assert.Equal(List(null).Count, _recorder.Models.Sum(model => List(model).Count));
        _recorder.Configure(On with { MaxRecordedBytes = MiB / 2 });
        Assert.InRange(_recorder.Taken, 1, MiB / 2);
    }

    [Fact]
    public void A_large_request_takes_no_memory_beyond_its_copy()
    {
        byte[] body = Encoding.ASCII.GetBytes($$"""{"image":"{{new string('Q', 500)}}","text":"{{new string(' ', 16 * MiB)}}"}""");
        var context = new DefaultHttpContext();
        Record("a", "warm");
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.True(_recorder.Begin(context, "a", body)!.IsCut);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, MiB / 2);
    }

    [Fact]
    public void Running_requests_count_and_one_that_finds_no_room_is_cut()
    {
        var running = new List<RequestRecording>();
        while (_recorder.Begin(new DefaultHttpContext(), "a", new byte[32 * 1024]) is { } next)
        {
            running.Add(next);
            Assert.InRange(_recorder.Taken, 1, MiB);
        }

        Assert.InRange(running.Count, 31, 1024);
        Assert.Contains(running, static recording => recording.IsCut);
        foreach (RequestRecording recording in running)
        {
            recording.Copy.Append(new byte[64 * 1024]);
            Assert.InRange(_recorder.Taken, 1, MiB);
            _recorder.End(recording, 200, Json);
            Assert.InRange(_recorder.Taken, 0, MiB);
        }

        _recorder.Configure(On with { RecordsRequests = false });
        Assert.Equal(0, _recorder.Taken);
    }

    [Fact]
    public void A_long_body_is_cut_at_its_part_of_the_budget()
    {
        RequestRecording recording = Record("a", new string(' ', 100_000), new string(' ', 100_000));

        Assert.Equal((MiB / 32, MiB / 32, true), (recording.Request.Length, recording.Response.Length, recording.IsCut));
    }

    [Fact]
    public void Of_the_headers_only_two_are_kept_and_nothing_of_the_query()
    {
        var context = new DefaultHttpContext { TraceIdentifier = "id" };
        context.Request.Method = "POST";
        context.Request.Path = "/v1/chat/completions";
        context.Request.QueryString = new QueryString("?api_key=secret");
        foreach (string name in (string[])["Authorization", "x-api-key", "api-key", "Cookie", "Proxy-Authorization", "X-Anything"])
            context.Request.Headers[name] = "secret";
        context.Request.Headers.UserAgent = "me/1 " + new string('u', 500);
        context.Request.Headers["X-Request-Origin"] = "ollama/completion";

        RequestRecording recording = _recorder.Begin(context, "a", "{}"u8)!;
        _recorder.End(recording, 200, Json);

        Assert.Equal(("id", "POST", "/v1/chat/completions", "ollama/completion"), (recording.Id, recording.Method, recording.Path, recording.Origin));
        Assert.StartsWith("me/1 uuu", recording.UserAgent, StringComparison.Ordinal);
        Assert.InRange(recording.UserAgent!.Length, 100, 210);
        Assert.DoesNotContain(
            typeof(RequestRecording).GetProperties().Select(property => property.GetValue(recording)).OfType<string>(),
            static text => text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Errors_and_other_types_are_told_apart()
    {
        Assert.Equal("no", Encoding.UTF8.GetString(Record("a", "{}", "no", status: 404).Error.Span));
        Assert.Equal("[audio/mpeg: 4 bytes]", Encoding.UTF8.GetString(Record("a", "{}", "\0\0\0\0", type: "audio/mpeg").Response.Span));
        Assert.True(Record("a", "{}", "data: 1\n\n", type: "text/event-stream; charset=utf-8").IsStream);
        RequestRecording refused = _recorder.Begin(new DefaultHttpContext(), "a", "{}"u8)!;
        _recorder.End(refused, 503, null, "full"u8.ToArray());
        Assert.Equal(("full", 503), (Encoding.UTF8.GetString(refused.Error.Span), refused.Status));
    }

    [Fact]
    public async Task Switched_off_nothing_is_recorded_and_everything_is_forgotten()
    {
        Record("a", "{}");
        RequestRecording running = _recorder.Begin(new DefaultHttpContext(), "a", "{}"u8)!;
        Task changed = _recorder.Changed;

        _recorder.Configure(On with { RecordsRequests = false });

        await changed.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        running.Copy.Append("late"u8);
        _recorder.End(running, 200, Json);
        Assert.Null(_recorder.Begin(new DefaultHttpContext(), "a", "{}"u8));
        Assert.Empty(_recorder.Models);
        Assert.Equal((false, 0), (_recorder.IsOn, _recorder.Taken));
    }

    [Fact]
    public async Task Requests_of_many_threads_leave_the_budget_balanced()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 300; i++)
                Record($"model {(thread + i) % 7}", new string(' ', 40 * i), new string(' ', 30_000 - (90 * i)));
        })));

        Assert.Equal(2400, _recorder.LastOf(null));
        Assert.Equal(List(null).Sum(static recording => recording.Taken), _recorder.Taken);
        Assert.InRange(_recorder.Taken, 1, MiB);
    }

    private RequestRecording Record(string model, string request, string response = "{}", int status = 200, string type = Json)
    {
        RequestRecording recording = _recorder.Begin(new DefaultHttpContext(), model, Encoding.UTF8.GetBytes(request))!;
        byte[] body = Encoding.UTF8.GetBytes(response);
        recording.Copy.Append(body.AsSpan(0, body.Length / 2));
        recording.Copy.Append(body.AsSpan(body.Length / 2));
        _recorder.End(recording, status, type);
        return recording;
    }

    private List<RequestRecording> List(string? model)
    {
        var all = new List<RequestRecording>();
        for (long number = 0; _recorder.Next(model, number) is { } next; number = model is null ? next.Number : next.NumberInModel)
            all.Add(next);
        return all;
    }

    private static string Request(RequestRecording recording) => Encoding.UTF8.GetString(recording.Request.Span);
}
