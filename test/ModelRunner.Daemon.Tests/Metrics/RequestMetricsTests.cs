using System.Buffers;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed class RequestMetricsTests
{
    private const string Labels = "{backend=\"llama.cpp\",model=\"a\",mode=\"completion\"";
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Without_a_request_there_is_no_family() => Assert.Equal("", Write(new RequestAccounts(_time)));

    [Fact]
    public void Buckets_are_cumulative_and_the_last_one_is_the_count()
    {
        var accounts = new RequestAccounts(_time);
        foreach (double seconds in (double[])[0.005, 0.01, 0.5, 100])
            Count(accounts, "a", seconds);
        string page = Write(accounts);

        string[] duration = [.. page.Split('\n').Where(static line => line.StartsWith("model_runner_request_duration_seconds", StringComparison.Ordinal))];
        Assert.Equal(17, duration.Length);
        Assert.Equal($"model_runner_request_duration_seconds_bucket{Labels},le=\"0.01\"}} 2", duration[0]);
        Assert.Equal($"model_runner_request_duration_seconds_bucket{Labels},le=\"0.32\"}} 2", duration[5]);
        Assert.Equal($"model_runner_request_duration_seconds_bucket{Labels},le=\"0.64\"}} 3", duration[6]);
        Assert.Equal($"model_runner_request_duration_seconds_bucket{Labels},le=\"81.92\"}} 3", duration[13]);
        Assert.Equal($"model_runner_request_duration_seconds_bucket{Labels},le=\"+Inf\"}} 4", duration[14]);
        Assert.Equal($"model_runner_request_duration_seconds_sum{Labels}}} 100.515", duration[15]);
        Assert.Equal($"model_runner_request_duration_seconds_count{Labels}}} 4", duration[16]);
        Assert.DoesNotContain("time_to_first_token", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Folded_models_are_shown_as_other_and_requests_without_a_model_have_no_labels_of_one()
    {
        var accounts = new RequestAccounts(_time, maxModels: 1);
        Count(accounts, "a", 1);
        Count(accounts, "b", 1);
        RequestRecord unknown = accounts.Begin();
        (unknown.Outcome, unknown.Status) = (RequestOutcome.Invalid, StatusClass.ClientError);
        accounts.End(unknown)?.Count();

        string[] requests = [.. Write(accounts).Split('\n').Where(static line => line.StartsWith("model_runner_requests_total{", StringComparison.Ordinal))];

        Assert.Equal(
            [
                "model_runner_requests_total{outcome=\"invalid\",status_class=\"4xx\"} 1",
                $"model_runner_requests_total{Labels.Replace("\"a\"", "\"b\"", StringComparison.Ordinal)},outcome=\"completed\",status_class=\"2xx\"}} 1",
                "model_runner_requests_total{model=\"other\",outcome=\"completed\",status_class=\"2xx\"} 1",
            ],
            requests);
    }

    private void Count(RequestAccounts accounts, string model, double seconds)
    {
        RequestRecord record = accounts.Begin();
        accounts.Assign(record, new RunnerKey("llama.cpp", model, RunnerMode.Completion));
        _time.Advance(TimeSpan.FromSeconds(seconds));
        (record.Outcome, record.Status) = (RequestOutcome.Completed, StatusClass.Successful);
        accounts.End(record)?.Count();
        accounts.Leave(record);
    }

    private static string Write(RequestAccounts accounts)
    {
        var output = new ArrayBufferWriter<byte>();
        new RequestMetrics(accounts, static () => null, static () => false).Write(new FamilyWriter(output));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
