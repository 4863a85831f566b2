using System.Diagnostics.CodeAnalysis;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Finds what <c>/models/NAME/ACTION</c> means. A name has slashes of its own, so routing cannot tell where it ends: the last part is the action, unless the
/// slash before it is escaped. So <c>a%2Fexport</c> is a model. All actions are added before the first request.
/// </summary>
internal sealed class ModelActions
{
    private const int MaxShown = 80;

    private readonly Dictionary<(string Method, string Action), Func<HttpContext, string, Task>> _actions = [];

    /// <summary>Adds an action.</summary>
    /// <param name="method">Its method, POST or GET. Actions with POST need the scope <c>admin</c>; one with GET checks the rights of its caller.</param>
    /// <param name="action">The last part of the path.</param>
    /// <param name="run">Answers a request; it gets the name of the model as it was written.</param>
    public void Add(string method, string action, Func<HttpContext, string, Task> run) => _actions.Add((method, action), run);

    /// <summary>Maps the actions with POST. Those with GET share their path with the description of a model.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/models/{**reference}", RunAsync)
        .WithMetadata(new ListedRoute("", () => ListPaths(HttpMethods.Post))).Requires(KeyScopes.Admin);

    /// <summary>The paths of the actions with a method, for the list of routes.</summary>
    public IEnumerable<string> ListPaths(string method) =>
        _actions.Keys.Where(key => key.Method == method).Select(static key => $"/models/NAME/{key.Action}");

    /// <summary>Finds the action of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The part of its path behind <c>/models/</c>, with its escaped slashes.</param>
    /// <param name="run">Answers it.</param>
    public bool TryFind(HttpContext context, string path, [NotNullWhen(true)] out Func<Task>? run)
    {
        (string model, string action) = Split(path);
        bool isKnown = _actions.TryGetValue((context.Request.Method, action), out Func<HttpContext, string, Task>? found) && model.Length > 0;
        run = isKnown ? () => found!(context, model) : null;
        return isKnown;
    }

    private Task RunAsync(HttpContext context)
    {
        string path = ModelPath.ReadRaw(context);
        return TryFind(context, path, out Func<Task>? run)
            ? run()
            : throw new ApiException(ApiError.NotFound($"unknown action \"{PlainText.EscapeAndCut(Split(path).Action, MaxShown)}\"", "unknown_action"));
    }

    private static (string Model, string Action) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", ModelPath.Decode(path)) : (ModelPath.Decode(path[..slash]), ModelPath.Decode(path[(slash + 1)..]));
    }
}
