using System.Collections.Concurrent;
using System.Net;
using System.Text;
using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Soak;

/// <summary>Five requests per second, whatever the responses do, over both transports, and an unload every ten seconds.</summary>
internal sealed class SoakLoad(LabDaemon lab, string[] models, SoakTally tally, SoakCalendar calendar)
{
    /// <summary>The model that a real llama-server answers.</summary>
    public const string RealModel = "real";

    private const int MaxWords = 40;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan UnloadInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private readonly ChatClient _client = new(Limit);
    private readonly ConcurrentDictionary<int, Task> _open = new();
    private readonly Random _random = new(1);
    private int _number;

    /// <summary>Sends requests until it is cancelled, and then waits for their responses.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval);
        TimeSpan nextUnload = Clock.Now + UnloadInterval;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                int number = ++_number;
                _open[number] = SendAsync(number, Next());
                if (Clock.Now < nextUnload)
                    continue;
                nextUnload = Clock.Now + UnloadInterval;
                string model = models[_random.Next(models.Length)];
                calendar.Unload(model);
                await UnloadAsync($$"""{"models":["{{model}}"]}""");
            }
        }
        catch (OperationCanceledException)
        {
            // The end of this part of the run.
        }

        await Task.WhenAll(_open.Values);
    }

    /// <summary>Unloads what the body names.</summary>
    public async Task UnloadAsync(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await lab.SocketClient.PostAsync(new Uri("engines/unload", UriKind.Relative), content, CancellationToken.None);
        if (response.StatusCode != HttpStatusCode.OK)
            tally.Report(SoakCriterion.Responses, Clock.Now, $"unload: {(int)response.StatusCode}");
    }

    private ChatRequest Next()
    {
        string model = models[_random.Next(models.Length)];
        int words = _random.Next(1, MaxWords);
        bool isStream = _random.Next(2) == 0;
        return new ChatRequest(model, words, isStream) { IsFree = model == RealModel, LeaveAfter = isStream && _random.Next(10) == 0 ? _random.Next(1, words + 1) : 0 };
    }

    private async Task SendAsync(int number, ChatRequest request)
    {
        Answer answer = await _client.AskAsync(number % 2 == 0 ? lab.SocketClient : lab.PortClient, request);
        tally.Count(answer, calendar.IsHit(answer));
        _open.TryRemove(number, out _);
    }
}
