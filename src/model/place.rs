//! Reads the codes of places of GB/T 2260: six digits, of which the first two are the province and the first four the
//! city.

use std::fmt;

/// The first two digits of provinces, regions and cities of that level.
const PROVINCES: [u8; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82,
];

/// Cities that became part of another one: the code before, and the present one. Laiwu became part of Jinan in 2018.
const MERGED: [(u32, u32); 1] = [(3712, 3701)];

/// Reports whether two digits are those of a province.
#[must_use]
pub fn is_province(digits: u8) -> bool {
    PROVINCES.contains(&digits)
}

/// The code of a place.
///
/// ```
/// use reunite::model::Place;
///
/// let laiwu = Place::parse("371202").ok_or("a place")?;
/// assert_eq!((laiwu.province(), laiwu.to_string().as_str()), (37, "371202"));
/// assert!(laiwu.is_same_city(Place::parse("370102").ok_or("a place")?), "Laiwu became part of Jinan");
/// assert_eq!(Place::parse("990102"), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u32);

impl Place {
    /// Reads six digits of which the first two are a province.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        let place = Self(text.parse().ok().filter(|_| is_code)?);
        is_province(place.province()).then_some(place)
    }

    /// Returns the code as a number.
    #[must_use]
    pub fn code(self) -> u32 {
        self.0
    }

    /// Returns the place with this code, if it is one.
    #[must_use]
    pub fn of_code(code: u32) -> Option<Self> {
        Self::parse(&format!("{code:06}"))
    }

    /// Returns the digits of the province.
    #[must_use]
    pub fn province(self) -> u8 {
        u8::try_from(self.0 / 10_000).unwrap_or(0)
    }

    /// Reports whether both places are in one city, as cities are today.
    #[must_use]
    pub fn is_same_city(self, other: Self) -> bool {
        self.city() == other.city()
    }

    fn city(self) -> u32 {
        let city = self.0 / 100;
        MERGED.iter().find(|(before, _)| *before == city).map_or(city, |(_, now)| *now)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_of_a_province_are_a_place() {
        for text in ["370100", "110101", "820000"] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "37", "37010", "3701000", "990100", "37o100", "+37010", "济南"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn cities_that_were_merged_are_one() {
        let [jinan, laiwu, qingdao] = ["370102", "371203", "370202"].map(|code| Place::parse(code).unwrap());
        assert!(jinan.is_same_city(laiwu) && !jinan.is_same_city(qingdao));
        assert_eq!((jinan.province(), qingdao.province()), (37, 37));
    }
}
