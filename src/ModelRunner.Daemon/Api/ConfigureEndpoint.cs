using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>/engines/_configure</c>: changes the settings of a model while the daemon runs, shows these changes, and takes them back. They apply as
/// those of a changed configuration file do: a loaded runner keeps its old settings until it is idle. They are in memory only.
/// </summary>
/// <param name="store">The settings.</param>
/// <param name="flags">Checks flags against the engine.</param>
/// <param name="drafts">Checks draft models.</param>
/// <param name="catalog">Finds models by their names.</param>
/// <param name="backends">The backends that routes may name.</param>
/// <param name="bodies">Reads the bodies.</param>
/// <param name="decisions">Gets an entry for each change.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets a line for each change.</param>
internal sealed partial class ConfigureEndpoint(
    SettingsStore store, FlagCheck flags, DraftCheck drafts, ModelCatalog catalog, BackendDirectory backends, RequestBodies bodies, DecisionLog decisions,
    TimeProvider time, ILogger<ConfigureEndpoint> logger)
{
    /// <summary>The most models with changes.</summary>
    public const int MaxModels = 256;

    /// <summary>The most bytes of a body.</summary>
    private const int MaxBytes = 64 * 1024;

    private const int MaxShown = 300;
    private const string BackendParameter = "backend";

    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string path in (string[])["/engines/_configure", $"/engines/{{{BackendParameter}}}/_configure"])
        {
            routes.MapPost(path, ChangeAsync).Requires(KeyScopes.Admin);
            routes.MapMethods(path, ReadMethods, ShowAsync).Requires(KeyScopes.Admin);
            routes.MapDelete(path, ResetAsync).Requires(KeyScopes.Admin);
        }
    }

    private async Task ChangeAsync(HttpContext context)
    {
        string? backend = BackendOf(context);
        ConfigureRequest request;
        using (RequestBody body = await bodies.ReadAsync(context.Request, MaxBytes, "send fewer or shorter flags", context.RequestAborted))
            request = ConfigureRequest.Read(body.Bytes);

        ModelSource model = await FindAsync(request.Model, context.RequestAborted);
        ChangeCheck.CheckOwner(model, request, backend);
        string reference = model.Reference.ToString();
        if (request.Draft is { } draft)
            request.Draft = await drafts.CompleteAsync(reference, draft, context.RequestAborted);
        DaemonSettings asked = store.Written;
        EngineFlags? known = await flags.CheckAsync(
            model.Settings.Build, request.ApplyTo(ModelOverride.None).AddedArguments, request.Draft, context.RequestAborted);

        RunnerMode? mode = request.Mode;
        await store.OverrideAsync(all => Change(all, reference, request), known, model.Settings.Build, async next =>
        {
            ModelChange? change = await catalog.PreviewAsync(reference, next, context.RequestAborted);
            ChangeCheck.Check(reference, change, request);
            mode ??= change!.Model?.Modes.FirstOrDefault(RunnerMode.Completion);
        }, asked);
        if (request.Descriptions.Count > 0)
        {
            var key = new RunnerKey(model.Settings.Backend, reference, mode ?? RunnerMode.Completion);
            Announce(context, key, $"a client changed its settings: {string.Join(", ", request.Descriptions)}", request.ChangesEngine);
        }

        // As in Docker Model Runner.
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }

    private async Task ShowAsync(HttpContext context)
    {
        string? backend = BackendOf(context);
        RequestMembers.CheckSpelling(context.Request.Query, "model");
        (string? only, ApiError? unknown) = await ModelFilter.ReadOneAsync(context, catalog);
        var shown = new List<(RunnerKey Key, string Id, ModelOverride Settings)>();
        foreach ((string reference, ModelOverride settings) in store.Overrides.OrderBy(static entry => entry.Key, StringComparer.Ordinal))
        {
            if (only is null || reference == only)
            {
                (RunnerKey key, string id) = await KeyOfAsync(reference, context.RequestAborted);
                shown.Add((key, id, settings));
            }
        }

        // Only a model that has changed settings may be gone.
        if (shown.Count == 0 && unknown is not null)
            throw new ApiException(unknown);

        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray();
            foreach ((RunnerKey key, string id, ModelOverride settings) in shown.Where(entry => backend is null || entry.Key.Backend == backend))
                Write(json, key, id, settings);
            json.WriteEndArray();
        });
    }

    private async Task ResetAsync(HttpContext context)
    {
        // Docker Model Runner has no such route. A misspelled parameter would reset all models.
        RequestMembers.Check(context.Request.Query, "model");
        string? backend = BackendOf(context);
        (string? only, ApiError? unknown) = await ModelFilter.ReadOneAsync(context, catalog);
        var keys = new List<RunnerKey>();
        foreach (string reference in store.Overrides.Keys.Where(reference => only is null || reference == only))
            keys.Add((await KeyOfAsync(reference, context.RequestAborted)).Key);
        if (keys.Count == 0 && unknown is not null)
            throw new ApiException(unknown);
        keys.RemoveAll(key => backend is not null && key.Backend != backend);
        if (keys.Count > 0)
        {
            await store.OverrideAsync(
                all => all.Where(entry => keys.TrueForAll(key => key.Model != entry.Key)).ToDictionary(StringComparer.Ordinal), flags: null);
        }

        foreach (RunnerKey key in keys)
            Announce(context, key, "a client took back the changes of its settings", needsLoad: true);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("reset_models"u8, keys.Count);
            json.WriteEndObject();
        });
    }

    private static Dictionary<string, ModelOverride> Change(IReadOnlyDictionary<string, ModelOverride> all, string model, ConfigureRequest request)
    {
        ModelOverride settings = request.ApplyTo(all.GetValueOrDefault(model) ?? ModelOverride.None);
        if (settings.HasTwoContexts)
        {
            throw new ApiException(ApiError.Invalid(
                static words => $"the model has both {words.ContextSize} and the flag --ctx-size; {words.OneContext}", "context-size"));
        }

        var next = new Dictionary<string, ModelOverride>(all, StringComparer.Ordinal);
        if (settings.IsEmpty)
            next.Remove(model);
        else
            next[model] = settings;
        return next.Count <= MaxModels
            ? next
            : throw new ApiException(ApiError.Invalid(
                static words => $"{MaxModels} models have changed settings already; reset one with {words.ResetOne}, or write them into the configuration file",
                "model"));
    }

    // A model that cannot be used now may be mended by the change.
    private async Task<ModelSource> FindAsync(string name, CancellationToken cancellationToken)
    {
        ModelLookup lookup = await catalog.FindAsync(name, cancellationToken);
        return catalog.SourceOf(lookup) ?? throw new ApiException(ApiErrors.OfLookup(lookup));
    }

    private void Announce(HttpContext context, RunnerKey key, string text, bool needsLoad)
    {
        string shown = PlainText.EscapeAndCut(text, MaxShown);
        string effect = needsLoad ? "; a loaded runner keeps its old ones until it is idle" : "";
        decisions.Add(new Decision(time.GetUtcNow(), DecisionKind.Configure, key, shown + effect)
        {
            By = Caller.Of(context).KeyName, RequestId = context.TraceIdentifier,
        });
        LogChange(key.Model, shown, Caller.Of(context).Name);
    }

    // A model that is gone has no id.
    private async Task<(RunnerKey Key, string Id)> KeyOfAsync(string reference, CancellationToken cancellationToken)
    {
        if ((await catalog.FindAsync(reference, cancellationToken)).Model is { } model)
            return (new RunnerKey(model.Settings.Backend, model.Reference, model.Modes.FirstOrDefault(RunnerMode.Completion)), model.Id.ToString());
        ModelSource? source = catalog.FindNow(reference);
        return (
            new RunnerKey(source?.Settings.Backend ?? ModelSettings.LlamaBackend, reference, RunnerMode.Completion), source?.Id.ToString() ?? reference);
    }

    private static void Write(Utf8JsonWriter json, RunnerKey key, string id, ModelOverride settings)
    {
        json.WriteStartObject();
        json.WriteString("Backend"u8, key.Backend);
        json.WriteString("Model"u8, key.Model);
        json.WriteString("ModelID"u8, id);
        json.WriteString("Mode"u8, ModeText.Format(key.Mode));
        json.WritePropertyName("Config"u8);
        ConfigureResponse.WriteConfig(json, settings);
        json.WriteEndObject();
    }

    private string? BackendOf(HttpContext context)
    {
        string? backend = context.Request.RouteValues[BackendParameter] as string;
        return backend is null || backends.Names.Contains(backend, StringComparer.Ordinal)
            ? backend
            : throw new ApiException(ApiErrors.UnknownBackend(backend, backends.Names));
    }

    [LoggerMessage(LogLevel.Information, "Model {Model}: {Change} (key: {Key}).")]
    private partial void LogChange(string model, string change, string key);
}
