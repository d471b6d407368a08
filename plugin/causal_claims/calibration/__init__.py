"""Does the instrument keep its promises?  Simulated error rates of every procedure, held against fixed tables.

from causal_claims.calibration import calibrate
certificate = calibrate(runs=1000, seed=1)
certificate.ok, certificate.to_json()
"""

from causal_claims.calibration.certificate import Certificate, Rate, calibrate

__all__ = ["Certificate", "Rate", "calibrate"]
