using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>
/// The faults that are switched on, by name. The variable <c>STUB_LOAD_DELAY_MS=500</c> is the fault <c>load_delay_ms</c>; the body
/// <c>{"load_delay_ms": 500}</c> sent to <c>/stub/faults</c> is the same, and null switches it off. README.md lists them.
/// </summary>
internal sealed class StubFaults
{
    private const string Prefix = "STUB_";

    private readonly ConcurrentDictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>
    /// Reads the variables, then <c>MODEL.stub.json</c> beside the model's file: the daemon passes no variables on to its runners.
    /// </summary>
    public static StubFaults Read(StubArguments arguments)
    {
        var faults = new StubFaults();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            if (variable is { Key: string key, Value: string value } && key.StartsWith(Prefix, StringComparison.Ordinal))
                faults._values[key[Prefix.Length..].ToLowerInvariant()] = value;

        string file = arguments.Model + ".stub.json";
        if (File.Exists(file))
        {
            using var written = JsonDocument.Parse(File.ReadAllBytes(file));
            faults.Apply(written.RootElement);
        }

        return faults;
    }

    /// <summary>The fault's text; null where it is off.</summary>
    public string? Text(string name) => _values.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    public bool IsOn(string name) => Text(name) is not (null or "0" or "false");

    public long Number(string name) => Text(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : 0;

    public TimeSpan Milliseconds(string name) => TimeSpan.FromMilliseconds(Number(name));

    /// <summary>Switches faults on and off as the members of a JSON object say.</summary>
    public void Apply(JsonElement changes)
    {
        foreach (JsonProperty change in changes.EnumerateObject())
        {
            if (change.Value.ValueKind == JsonValueKind.Null)
                _values.TryRemove(change.Name, out _);
            else
                _values[change.Name] = change.Value.ToString() is var text && change.Value.ValueKind == JsonValueKind.True ? "1" : text;
        }
    }

    /// <summary>Switches all faults off.</summary>
    public void Clear() => _values.Clear();
}
