using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Runners;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>GET /models</c> and <c>GET /models/NAME</c> in Docker Model Runner's shape. With <c>remote=true</c> the registry of the name is asked, and nothing
/// is downloaded.
/// </summary>
internal sealed class ModelDetailsEndpoint(
    ModelCatalog catalog, ModelRights rights, ModelPulls pulls, LoadedModels loaded, ModelDetailsReader reader, ModelActions actions)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/models", ReadMethods, ListAsync).AcceptsEveryKey();
        routes.MapMethods("/models/{**reference}", ReadMethods, ShowAsync)
            .WithMetadata(new ListedRoute("", () => actions.ListPaths(HttpMethods.Get).Prepend("/models/NAME"))).AcceptsEveryKey();
    }

    private async Task ListAsync(HttpContext context)
    {
        IReadOnlyList<ModelEntry> models = rights.Filter(Caller.Of(context), await catalog.ListAsync(context.RequestAborted));
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => ModelsResponse.WriteDockerList(json, models));
    }

    private async Task ShowAsync(HttpContext context)
    {
        string written = ModelPath.Read(context);
        if (actions.TryFind(context, ModelPath.ReadRaw(context), out Func<Task>? run))
        {
            await run();
            return;
        }

        RequestMembers.CheckSpelling(context.Request.Query, "remote", "license");
        if (QuerySwitch.Read(context.Request.Query, "remote", whenEmpty: true))
            await ShowRemoteAsync(context, written);
        else
            await ShowLocalAsync(context, written);
    }

    private async Task ShowLocalAsync(HttpContext context, string written)
    {
        var caller = Caller.Of(context);
        StoreIndex index = await reader.ReadIndexAsync(context.RequestAborted);
        ModelEntry model = await rights.FindAsync(caller, written, context.RequestAborted);
        (ModelEntry named, StoreEntry? entry) = NamedModel.Of(index, model, written);
        bool hasLicense = QuerySwitch.Read(context.Request.Query, "license", whenEmpty: true);
        ModelDetails details = await reader.ReadAsync(model, entry, hasLicense, context.RequestAborted);
        string[] modes = [.. loaded.Find(model).Select(static runner => ModeText.Format(runner.Key.Mode)).Distinct(StringComparer.Ordinal)];
        IReadOnlyList<RunnerSnapshot> drafting = loaded.FindDrafting(model);

        // Another key may have only this model: the names of others are not for it.
        IReadOnlyList<ModelEntry> others = rights.Filter(caller, [.. drafting.Select(static runner => runner.Model).OfType<ModelEntry>()]);
        details = details with
        {
            LoadedModes = modes,
            IsLoaded = modes.Length > 0 || drafting.Count > 0,
            DraftOf = [.. others.Select(static other => other.Reference).Distinct(StringComparer.Ordinal)],
        };

        // Each name of a file has its own parts, so only those of the name that was asked for are shown.
        string asked = NamedModel.OrderNames(model, written).First();
        ModelEntry shown = named with { Unused = [.. model.Unused.Where(unused => unused.Name == asked)] };
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => ModelDetailsResponse.Write(json, shown, details));
    }

    // The daemon sends requests to any host that a name has. Who may pull may cause that.
    private async Task ShowRemoteAsync(HttpContext context, string written)
    {
        var caller = Caller.Of(context);
        if (!caller.Has(KeyScopes.Admin))
            throw new ApiException(KeyErrors.Scope(caller.Key!, KeyScopes.Admin));
        RemoteModel model = await RemoteModel.ReadAsync(written, pulls, context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, model.Write);
    }
}
