using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary><c>GET /engines/df</c>: what models, engine, state and logs occupy on disk.</summary>
internal sealed class DiskEndpoint(DiskReader disk)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/engines/df", ReadMethods, HandleAsync).Requires(KeyScopes.Admin);

    // The members of Docker Model Runner first, then ours.
    private async Task HandleAsync(HttpContext context)
    {
        DiskReport report = await disk.ReadAsync(context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("models_disk_usage"u8, report.Models);
            json.WriteNumber("default_backend_disk_usage"u8, report.Engine);
            json.WriteNumber("state_disk_usage"u8, report.State);
            json.WriteNumber("logs_disk_usage"u8, report.Logs);
            if (report.IsIncomplete)
                json.WriteBoolean("incomplete"u8, true);
            json.WriteEndObject();
        });
    }
}
