using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Inference.Recording;

/// <summary>
/// Keeps the last requests of each model with their responses, in memory and within a budget, if the configuration says so. Of the headers of a
/// request it keeps only <c>User-Agent</c> and <c>X-Request-Origin</c>. It never waits. Thread-safe.
/// </summary>
internal sealed class RequestRecorder(DaemonSettings settings, TimeProvider time)
{
    /// <summary>The most requests of one model.</summary>
    public const int MaxPerModel = 10;

    /// <summary>A request and its response may each take this part of the budget.</summary>
    private const int PartsOfBudget = 32;

    // The objects of a request without its bodies.
    private const int Overhead = 1024;
    private const int MaxHeader = 200;

    private readonly Lock _lock = new();
    private readonly LinkedList<RequestRecording> _ended = [];
    private readonly Dictionary<string, Queue<LinkedListNode<RequestRecording>>> _ofModel = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _numbers = new(StringComparer.Ordinal);
    private bool _isOn = settings.RecordsRequests;
    private long _maxBytes = settings.MaxRecordedBytes;
    private long _taken;
    private long _last;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether requests are recorded.</summary>
    public bool IsOn
    {
        get
        {
            lock (_lock)
                return _isOn;
        }
    }

    /// <summary>The bytes that are kept now, also of requests that run.</summary>
    public long Taken
    {
        get
        {
            lock (_lock)
                return _taken;
        }
    }

    /// <summary>Completes at the next end of a request, or if recording is switched off.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
                return _changed.Task;
        }
    }

    /// <summary>The models of which requests are kept.</summary>
    public IReadOnlyList<string> Models
    {
        get
        {
            lock (_lock)
                return [.. _ofModel.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Replaces the settings. If recording is switched off, everything is forgotten.</summary>
    public void Configure(DaemonSettings settings)
    {
        lock (_lock)
        {
            (_isOn, _maxBytes) = (settings.RecordsRequests, settings.MaxRecordedBytes);
            while (_ended.Count > 0 && (!_isOn || _taken > _maxBytes))
                RemoveOldest();
            Announce();
        }
    }

    /// <summary>Begins the record of a request; null: it is not recorded.</summary>
    public RequestRecording? Begin(HttpContext context, string model, ReadOnlySpan<byte> body)
    {
        int limit;
        lock (_lock)
        {
            if (!_isOn || !TryTake(Overhead))
                return null;
            limit = (int)Math.Min(_maxBytes / PartsOfBudget, int.MaxValue / 4);
        }

        var request = new BodyCopy(limit, TryTakeLocked);
        MediaText.CutJson(body, request);
        HttpRequest sent = context.Request;
        string key = Caller.Of(context).Name;
        var recording = new RequestRecording(context.TraceIdentifier, model)
        {
            Method = sent.Method, Path = sent.Path.Value ?? "", Time = time.GetUtcNow(), Timestamp = time.GetTimestamp(),
            KeyName = key == KeyName.None ? null : key, UserAgent = Header(sent, "User-Agent"), Origin = Header(sent, "X-Request-Origin"),
            IsCut = request.IsCut, Copy = new BodyCopy(limit, TryTakeLocked),
        };
        recording.Request = request.Close(out int taken);
        recording.Taken = Overhead + taken;
        return recording;
    }

    /// <summary>Ends the record of a request.</summary>
    /// <param name="recording">What <see cref="Begin"/> returned.</param>
    /// <param name="status">The status of the response.</param>
    /// <param name="type">The content type of the response; null: unknown.</param>
    /// <param name="failure">The body of an error of the daemon; null: the response is that of the runner.</param>
    public void End(RequestRecording recording, int status, string? type, ReadOnlyMemory<byte>? failure = null)
    {
        recording.IsCut |= recording.Copy.IsCut;
        ReadOnlyMemory<byte> copied = recording.Copy.Close(out int taken);
        recording.IsStream = IsType(type, "text/event-stream");
        ReadOnlyMemory<byte> body = failure ?? TextOf(copied, type, recording);
        if (failure is not null || status >= StatusCodes.Status400BadRequest)
            recording.Error = body;
        else
            recording.Response = body;
        recording.Status = status;
        recording.Duration = time.GetElapsedTime(recording.Timestamp);
        lock (_lock)
        {
            // The copy is replaced by the text.
            _taken -= taken;
            if (!_isOn || !TryTake(body.Length))
            {
                _taken -= recording.Taken;
                return;
            }

            recording.Taken += body.Length;
            Add(recording);
            Announce();
        }
    }

    /// <summary>The number of the newest request, of all models or of one.</summary>
    public long LastOf(string? model)
    {
        lock (_lock)
            return model is null ? _last : _numbers.GetValueOrDefault(model);
    }

    /// <summary>The oldest request that is kept and comes after a number; null: there is none.</summary>
    /// <param name="model">Only requests of this model; null: of all.</param>
    /// <param name="after">The number among these requests.</param>
    public RequestRecording? Next(string? model, long after)
    {
        lock (_lock)
        {
            return model is null
                ? _ended.FirstOrDefault(recording => recording.Number > after)
                : _ofModel.GetValueOrDefault(model)?.Select(static node => node.Value).FirstOrDefault(recording => recording.NumberInModel > after);
        }
    }

    private void Add(RequestRecording recording)
    {
        recording.Number = ++_last;
        recording.NumberInModel = _numbers[recording.Model] = _numbers.GetValueOrDefault(recording.Model) + 1;
        if (_ofModel.TryGetValue(recording.Model, out Queue<LinkedListNode<RequestRecording>>? same) && same.Count == MaxPerModel)
            Remove(same.Peek());
        LinkedListNode<RequestRecording> node = _ended.AddLast(recording);
        if (_ofModel.TryGetValue(recording.Model, out same))
            same.Enqueue(node);
        else
            _ofModel.Add(recording.Model, new Queue<LinkedListNode<RequestRecording>>([node]));
    }

    private bool TryTakeLocked(int bytes)
    {
        lock (_lock)
            return _isOn && TryTake(bytes);
    }

    private bool TryTake(int bytes)
    {
        while (_taken + bytes > _maxBytes && _ended.Count > 0)
            RemoveOldest();
        if (_taken + bytes > _maxBytes)
            return false;
        _taken += bytes;
        return true;
    }

    private void RemoveOldest() => Remove(_ended.First!);

    // The oldest request of all is also the oldest one of its model.
    private void Remove(LinkedListNode<RequestRecording> node)
    {
        _ended.Remove(node);
        _taken -= node.Value.Taken;
        Queue<LinkedListNode<RequestRecording>> same = _ofModel[node.Value.Model];
        same.Dequeue();
        if (same.Count == 0)
            _ofModel.Remove(node.Value.Model);
    }

    private void Announce()
    {
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    private static ReadOnlyMemory<byte> TextOf(ReadOnlyMemory<byte> copied, string? type, RequestRecording recording)
    {
        if (recording.IsStream)
            return MediaText.CutEvents(copied.Span).ToArray();
        if (IsType(type, "application/json"))
            return MediaText.CutJson(copied.Span).ToArray();
        return copied.IsEmpty || type?.StartsWith("text/", StringComparison.OrdinalIgnoreCase) == true
            ? copied.ToArray()
            : Encoding.UTF8.GetBytes(FormattableString.Invariant($"[{PlainText.EscapeAndCut(type ?? "no type", MaxHeader)}: {recording.Copy.Received} bytes]"));
    }

    private static bool IsType(string? type, string expected) => type?.StartsWith(expected, StringComparison.OrdinalIgnoreCase) == true;

    private static string? Header(HttpRequest request, string name) =>
        request.Headers[name].ToString() is { Length: > 0 } text ? PlainText.EscapeAndCut(text, MaxHeader) : null;
}
