using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tests.Engines.Slots;

/// <summary>
/// A llama-server without a model. Its slots hold tokens and a number for each of them, from which the next token is computed. Its faults are those that
/// real engines had.
/// </summary>
internal sealed class FakeSlotEngine : HttpMessageHandler
{
    private readonly Dictionary<string, List<(int Token, int Value)>> _files = new(StringComparer.Ordinal);
    private readonly List<(int Token, int Value)>[] _slots;
    private readonly bool[] _used;
    private readonly string? _fault;

    public FakeSlotEngine(int slots, string? fault = null)
    {
        _fault = fault;
        _used = new bool[slots];
        _slots = [.. Enumerable.Range(0, slots).Select(static _ => new List<(int, int)>())];
        Endpoint = new RunnerEndpoint(new Uri("http://fake/"), new HttpMessageInvoker(this), "fake") { SlotsAddress = new Uri("http://fake/slots") };
    }

    public RunnerEndpoint Endpoint { get; }

    /// <summary>The slot that processes a request; null: none.</summary>
    public int? Busy { get; set; }

    /// <summary>Files that were saved.</summary>
    public IReadOnlyCollection<string> Saved => _files.Keys;

    public int TokensIn(int slot) => _slots[slot].Count;

    /// <summary>A request of a client comes to a slot.</summary>
    public void Use(int slot, int tokens)
    {
        _used[slot] = true;
        _slots[slot] = [.. Enumerable.Range(0, tokens).Select(static token => (token, token))];
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string path = request.RequestUri!.PathAndQuery;
        JsonElement body = default;
        if (request.Content is not null)
            body = JsonDocument.Parse(await request.Content.ReadAsStringAsync(cancellationToken)).RootElement;
        if (_fault == "hangs" && path == "/completion")
            await Task.Delay(Timeout.Infinite, cancellationToken);
        string? answer = path switch
        {
            "/slots" => List(),
            "/tokenize" => Tokenize(body),
            "/completion" => Complete(body),
            _ => Act(int.Parse(path.AsSpan("/slots/".Length, 1), CultureInfo.InvariantCulture), path[(path.LastIndexOf('=') + 1)..], body),
        };
        return new HttpResponseMessage(answer is null ? HttpStatusCode.BadRequest : HttpStatusCode.OK)
        {
            Content = new StringContent(answer ?? "{}", Encoding.UTF8, "application/json"),
        };
    }

    private string List() => "[" + string.Join(',', _slots.Select((slot, id) =>
        $"{{\"id\":{id},\"is_processing\":{(id == Busy ? "true" : "false")}"
        + (!_used[id] ? "" : _fault == "tells no tokens" ? ",\"id_task\":1" : $",\"id_task\":1,\"n_prompt_tokens\":{slot.Count}") + "}")) + "]";

    private static string Tokenize(JsonElement body)
    {
        string[] words = body.GetProperty("content").GetString()!.Split(' ');
        return $"{{\"tokens\":[{string.Join(',', words.Select(static (word, index) => (word.Length * 7) + index))}]}}";
    }

    private string Complete(JsonElement body)
    {
        int id = body.GetProperty("id_slot").GetInt32();
        int[] prompt = [.. body.GetProperty("prompt").EnumerateArray().Select(static token => token.GetInt32())];
        List<(int Token, int Value)> slot = _slots[id];
        int cached = 0;
        while (cached < prompt.Length - 1 && cached < slot.Count && slot[cached].Token == prompt[cached])
            cached++;
        if (_fault == "never reuses")
            cached = 0;
        slot.RemoveRange(cached, slot.Count - cached);
        slot.AddRange(prompt[cached..].Select(static (token, index) => (token, (token * 31) + index)));
        var generated = new List<int>();
        for (int i = 0; i < body.GetProperty("n_predict").GetInt32(); i++)
        {
            int next = Math.Abs(slot.Aggregate(17, static (sum, one) => unchecked((sum * 31) + one.Value)) % 1000);
            if (i > 0)
                slot.Add((generated[^1], next));
            generated.Add(next);
        }

        _used[id] = true;
        return $"{{\"tokens\":[{string.Join(',', generated)}],\"timings\":{{\"cache_n\":{cached},\"prompt_n\":{prompt.Length - cached},"
            + $"\"predicted_n\":{generated.Count}}}}}";
    }

    private string? Act(int id, string action, JsonElement body)
    {
        switch (action)
        {
            case "erase" when _fault != "keeps erased":
                _slots[id].Clear();
                return "{}";
            case "save" when _fault != "refuses to save":
                _files[body.GetProperty("filename").GetString()!] = [.. _slots[id]];
                return $"{{\"n_saved\":{_slots[id].Count}}}";
            case "restore" when _files.TryGetValue(body.GetProperty("filename").GetString()!, out List<(int Token, int Value)>? file):
                _slots[id] = _fault switch
                {
                    "restores nothing" => [],
                    "restores half" => [.. file.Take(file.Count / 2)],
                    "restores garbage" => [.. file.Select(static one => (one.Token, one.Value + 1))],
                    _ => [.. file],
                };
                return $"{{\"n_restored\":{(_fault == "restores half" ? file.Count / 2 : file.Count)}}}";
            default:
                return action == "erase" ? "{}" : null;
        }
    }
}
