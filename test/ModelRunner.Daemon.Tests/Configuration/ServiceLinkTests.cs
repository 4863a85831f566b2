using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>Variables that container orchestrators set are not settings.</summary>
public sealed class ServiceLinkTests
{
    [Fact]
    public void The_address_of_a_service_is_not_a_port_and_is_reported()
    {
        using var fixture = new ConfigurationFixture();
        fixture.Environment["MODEL_RUNNER_PORT"] = "tcp://10.0.0.1:8080";

        DaemonSettings settings = fixture.Settings();

        Assert.Null(settings.Listen.Tcp);
        Assert.NotNull(settings.Listen.SocketPath);
        string warning = Assert.Single(settings.Warnings);
        Assert.StartsWith("MODEL_RUNNER_PORT: \"tcp://10.0.0.1:8080\" is ignored", warning, StringComparison.Ordinal);
        Assert.Contains("--port", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void The_port_of_the_file_is_used_if_the_variable_has_the_address_of_a_service()
    {
        using var fixture = new ConfigurationFixture { File = """{ "port": 9000 }""" };
        fixture.Environment["MODEL_RUNNER_PORT"] = "tcp://10.0.0.1:8080";

        Assert.Equal(9000, fixture.Settings().Listen.Tcp?.Port);
    }

    [Fact]
    public void A_valid_port_gives_no_warning()
    {
        using var fixture = new ConfigurationFixture();
        fixture.Environment["MODEL_RUNNER_PORT"] = "8080";

        DaemonSettings settings = fixture.Settings();

        Assert.Equal(8080, settings.Listen.Tcp?.Port);
        Assert.Empty(settings.Warnings);
    }

    [Fact]
    public void Host_names_are_read_from_a_list_or_a_text()
    {
        using var fixture = new ConfigurationFixture { File = """{ "allowedHosts": ["Model-Runner.llm.", "*.pods.example"] }""" };
        Assert.Equal(["model-runner.llm", "*.pods.example"], fixture.Settings().AllowedHosts);

        fixture.Environment["MODEL_RUNNER_ALLOWED_HOSTS"] = "model-runner, model_runner.llm";
        Assert.Equal(["model-runner", "model_runner.llm"], fixture.Settings().AllowedHosts);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("http://model-runner")]
    [InlineData("model-runner:8080")]
    [InlineData("a..b")]
    public void An_invalid_host_name_is_a_problem(string text)
    {
        using var fixture = new ConfigurationFixture();
        fixture.Environment["MODEL_RUNNER_ALLOWED_HOSTS"] = text;

        Assert.Contains($"\"{text}\" is not host names", fixture.Problem(), StringComparison.Ordinal);
    }
}
