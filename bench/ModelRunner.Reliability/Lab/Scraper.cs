using System.Globalization;
using System.Net;

namespace ModelRunner.Reliability.Lab;

/// <summary>Reads the metrics page as Prometheus does: with a timeout that it tells the daemon.</summary>
internal static class Scraper
{
    private static readonly Uri Route = new("metrics", UriKind.Relative);

    /// <summary>Reads the page.</summary>
    /// <param name="client">Over which transport.</param>
    /// <param name="timeout">The scraper's timeout. The page must be there within it.</param>
    /// <returns>The page, its problem if there is one, and how long it took.</returns>
    public static async Task<(string Page, string? Problem, TimeSpan Time)> ReadAsync(HttpClient client, TimeSpan timeout)
    {
        TimeSpan started = Clock.Now;
        using var patience = new CancellationTokenSource(timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Route);
            request.Headers.Add("X-Prometheus-Scrape-Timeout-Seconds", timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture));
            using HttpResponseMessage response = await client.SendAsync(request, patience.Token);
            string page = await response.Content.ReadAsStringAsync(patience.Token);
            string? problem = response.StatusCode == HttpStatusCode.OK
                ? PageJudge.Check(response.Content.Headers.ContentType?.ToString(), page)
                : $"status {(int)response.StatusCode}";
            return (page, problem, Clock.Now - started);
        }
        catch (OperationCanceledException)
        {
            return ("", $"no page within {timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s", Clock.Now - started);
        }
        catch (HttpRequestException failure)
        {
            return ("", $"{failure.Message} {failure.InnerException?.Message}", Clock.Now - started);
        }
    }
}
