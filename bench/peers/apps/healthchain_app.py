"""HealthChain's own hello world: a CDS Hooks service that answers every patient with one constant card."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import CDSRequest, CDSResponse

_CARD = {"summary": "constant", "indicator": "info", "source": {"label": "constant"}, "detail": "x" * 4900}
service = CDSHooksService()


@service.hook("patient-view", id="constant")
def constant(request: CDSRequest) -> CDSResponse:  # noqa: ARG001 - what the decorator calls
    """The same card for everybody."""
    return CDSResponse(cards=[_CARD])


app = HealthChainAPI()
app.register_service(service)


@app.get("/versions")
def versions() -> dict[str, str]:
    """What runs here."""
    found = {}
    for name in ("healthchain", "fastapi", "uvicorn", "h11", "httptools"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
