"""Checks of numbers that carry their own proof: cards, bank accounts, telephone numbers, addresses of machines."""

from ipaddress import ip_address

# Lengths of the IBAN by country, from the registry of ISO 13616.
# fmt: off
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18,
    "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
    "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}
# Country codes of ITU-T E.164, and the least and most digits behind the better-known ones.
_CODES = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 "
    "86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 "
    "237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 "
    "266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 "
    "379 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 "
    "596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 "
    "852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 "
    "977 979 992 993 994 995 996 998"
)
_COUNTRY_CODES = frozenset(_CODES.split())
_NATIONAL_DIGITS = {
    "1": (10, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 11), "32": (8, 9), "33": (9, 9),
    "34": (9, 9), "36": (8, 9), "39": (6, 12), "40": (9, 9), "41": (9, 9), "44": (7, 10), "45": (8, 8), "46": (7, 10),
    "47": (8, 8), "48": (9, 9), "51": (8, 9), "52": (10, 10), "54": (10, 11), "55": (10, 11), "56": (9, 9), "57": (8, 10),
    "58": (10, 10), "60": (7, 10), "61": (9, 9), "62": (7, 12), "63": (8, 10), "64": (8, 10), "65": (8, 8), "66": (8, 9),
    "81": (9, 10), "82": (8, 11), "84": (9, 10), "86": (9, 11), "90": (10, 10), "91": (10, 10), "92": (9, 10), "93": (9, 9),
    "94": (9, 9), "95": (7, 10), "98": (10, 10),
}
# fmt: on
_FEWEST_NATIONAL, _MOST_DIGITS = 6, 15
_GLOBAL_UNICAST = "23"
_LEAST_OCTET = 32
_LEAST_GROUPS = 3


def is_card(digits: str) -> bool:
    """Whether digits are a payment card: length and first digits of a brand, and the Luhn check (ISO 7812).

    Example:
        >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("9783161484100")
        (True, False, False)
    """
    return _brand(digits) and _luhn(digits)


def _brand(digits: str) -> bool:
    size, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    return (
        (digits[0] == "4" and size in (13, 16, 19))
        or (size == 16 and (51 <= two <= 55 or 2200 <= four <= 2720 or two in (60, 65, 81, 82) or 3528 <= four <= 3589))
        or (size == 15 and two in (34, 37))
        or (size == 14 and (two in (36, 38, 39) or 300 <= three <= 305))
        or (16 <= size <= 19 and (two == 62 or 644 <= three <= 649))
    )


def _luhn(digits: str) -> bool:
    total = 0
    for place, each in enumerate(reversed(digits)):
        value = int(each) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and digits.strip("0") != ""


def is_iban(account: str) -> bool:
    """Whether letters and digits are an international bank account number: length of the country, and remainder 1 by 97.

    Example:
        >>> is_iban("GB29NWBK60161331926819"), is_iban("GB29NWBK60161331926818")
        (True, False)
    """
    if len(account) != _IBAN_LENGTHS.get(account[:2]):
        return False
    return int("".join(str(int(each, 36)) for each in account[4:] + account[:4])) % 97 == 1


def is_telephone(digits: str) -> bool:
    """Whether digits behind a plus are a telephone number: a country code, and as many digits as that country uses.

    Example:
        >>> is_telephone("4930901820"), is_telephone("12025550123"), is_telephone("100000000"), is_telephone("21012345678")
        (True, True, False, False)
    """
    if len(digits) > _MOST_DIGITS:
        return False
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in _COUNTRY_CODES), None)
    if code is None:
        return False
    national = digits[len(code) :]
    if national.startswith("00"):
        return False
    fewest, most = _NATIONAL_DIGITS.get(code, (_FEWEST_NATIONAL, _MOST_DIGITS - len(code)))
    # North American area codes and exchanges start with 2 to 9.
    return fewest <= len(national) <= most and (code != "1" or (national[0] > "1" and national[3] > "1"))


def is_public_address(text: str) -> bool:
    """Whether a dotted or colon-separated text is a public address of a machine.

    A version number with four parts can be a valid IPv4 address; small numbers are taken for a version.

    Example:
        >>> [is_public_address(each) for each in ("93.184.216.34", "192.168.0.1", "2.4.1.3", "2606:4700::1111", "2019::4")]
        [True, False, False, True, False]
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast:
        return False
    if address.version == 4:
        return any(each >= _LEAST_OCTET for each in address.packed)
    groups = text.split(":")
    return text[0] in _GLOBAL_UNICAST and len(groups[0]) == 4 and sum(map(bool, groups)) >= _LEAST_GROUPS
