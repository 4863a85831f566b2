namespace ModelRunner.LlamaHost.Http;

/// <summary><c>/health</c>: 200 once the model is loaded; before, the router returns 503 for every request.</summary>
internal static class HealthEndpoint
{
    /// <summary>Answers one request.</summary>
    public static Task AnswerAsync(HttpContext context) => JsonResponse.SendAsync(context, 200, writer => writer.WriteString("status", "ok"));
}
