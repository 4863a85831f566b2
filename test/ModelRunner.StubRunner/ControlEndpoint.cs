using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>What tests use to steer the stub and to see what it received. It answers while the model loads, too.</summary>
internal sealed class ControlEndpoint(StubArguments arguments, StubFaults faults, StubState state)
{
    private const int MaxShownBody = 64 * 1024;

    public async Task HandleAsync(StubRequest request, StubResponse response)
    {
        switch (request.Method, request.Path)
        {
            case ("POST", "/stub/faults"):
                using (var changes = JsonDocument.Parse(request.Body))
                    faults.Apply(changes.RootElement);
                if (faults.IsOn("hold_requests") && state.Release.Task.IsCompleted)
                    state.Release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                break;
            case ("DELETE", "/stub/faults"):
                faults.Clear();
                break;
            case ("POST", "/stub/memory"):
                ProcessFaults.Hold(long.Parse(Encoding.ASCII.GetString(request.Body), CultureInfo.InvariantCulture));
                break;
            case ("POST", "/stub/signal"):
                ProcessFaults.EndBySignal(int.Parse(Encoding.ASCII.GetString(request.Body), CultureInfo.InvariantCulture));
                break;
            case ("POST", "/stub/metrics"):
                state.MetricsPage = request.Body;
                break;
            case ("DELETE", "/stub/metrics"):
                state.MetricsPage = null;
                break;
            case ("POST", "/stub/release"):
                state.Release.TrySetResult();
                break;
            case ("DELETE", "/stub/requests"):
                state.Requests.Clear();
                break;
            case ("GET", "/stub/requests"):
                await response.SendJsonAsync(200, JsonText.Write(WriteRequests));
                return;
            case ("GET", "/stub/state"):
                await response.SendJsonAsync(200, JsonText.Write(WriteState));
                return;
            default:
                await response.SendErrorAsync(404, "the stub has no such control", "not_found_error");
                return;
        }

        await response.SendJsonAsync(200, "{}");
    }

    private void WriteRequests(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("requests");
        foreach (StubRequest request in state.Requests)
        {
            if (request.Path.StartsWith("/stub/", StringComparison.Ordinal))
                continue;

            writer.WriteStartObject();
            writer.WriteString("method", request.Method);
            writer.WriteString("target", request.Target);
            writer.WriteNumber("connection", request.Connection);
            writer.WriteNumber("bodyBytes", request.Body.Length);
            writer.WriteString("body", Encoding.UTF8.GetString(request.Body, 0, Math.Min(request.Body.Length, MaxShownBody)));
            writer.WriteStartArray("headers");
            foreach ((string name, string value) in request.Headers)
                writer.WriteStringValue($"{name}: {value}");
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteState(Utf8JsonWriter writer)
    {
        writer.WriteNumber("pid", Environment.ProcessId);
        writer.WriteBoolean("ready", state.IsReady);
        writer.WriteNumber("inFlight", state.InFlight);
        writer.WriteNumber("connections", state.Connections);
        writer.WriteNumber("disconnects", state.Disconnects);
        writer.WriteNumber("promptTokens", state.Counters.PromptTokens);
        writer.WriteNumber("predictedTokens", state.Counters.PredictedTokens);
        writer.WriteNumber("generatedTokens", state.Counters.GeneratedTokens);
        writer.WriteString("workingDirectory", Environment.CurrentDirectory);
        writer.WriteStartArray("arguments");
        foreach (string argument in arguments.All)
            writer.WriteStringValue(argument);
        writer.WriteEndArray();
        writer.WriteStartObject("environment");
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            writer.WriteString((string)variable.Key, (string?)variable.Value);
        writer.WriteEndObject();
    }
}
